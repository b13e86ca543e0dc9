// Brings the progress of a load to the host's callback.
#pragma once

#include <memory>
#include <mutex>

#include "alviss/model.h"
#include "api/callback_gate.h"
#include "api/dispatcher.h"
#include "local/model_state.h"

namespace alv::api {

alv_model_progress to_abi(const local::ModelProgress& progress);

// Thread-safe. Knows no runtime.
class ModelDelivery : public Deliverable, public std::enable_shared_from_this<ModelDelivery> {
  public:
    ModelDelivery(alv_model* handle, alv_model_progress_callback callback, void* user_data,
                  std::shared_ptr<Dispatcher> dispatcher)
        : handle_(handle),
          callback_(callback),
          user_data_(user_data),
          dispatcher_(std::move(dispatcher)) {}

    // False: the callback threw.
    bool on_progress(const local::ModelProgress& progress);
    void deliver_next() override;
    void open() { gate_.open(); }
    void close() { gate_.close(); }

  private:
    void run_callback(const local::ModelProgress& progress);

    alv_model* const handle_;
    const alv_model_progress_callback callback_;
    void* const user_data_;
    const std::shared_ptr<Dispatcher> dispatcher_;
    CallbackGate gate_;
    std::mutex mutex_;
    local::ModelProgress latest_;
    bool waiting_ = false;  // `latest_` is not delivered yet
    bool threw_ = false;
};

}  // namespace alv::api
