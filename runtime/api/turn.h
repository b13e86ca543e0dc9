// Starts a reply that is more than one request.
#pragma once

#include <memory>

#include "api/handles.h"

namespace alv::api {

// `request` has all but the messages. The session's begin_reply() was called. The ticket keeps no
// runtime alive.
std::shared_ptr<engine::Ticket> begin_turn(alv_session& session, engine::Request request,
                                           const std::shared_ptr<Delivery>& delivery);

}  // namespace alv::api
