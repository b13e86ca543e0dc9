// What can be told of two parts of a schema by a look at them.
#pragma once

#include "schema/schema.h"

namespace alv::schema {

// Where the references that begin at `id` end; kNone if they lead back to themselves.
Schema::Id resolve(const Schema& schema, Schema::Id id);

// No document matches both, as far as types, values, bounds and required properties tell.
bool are_disjoint(const Schema& schema, Schema::Id a, Schema::Id b);

}  // namespace alv::schema
