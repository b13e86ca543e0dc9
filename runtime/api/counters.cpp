#include "alviss/counters.h"

#include "api/handles.h"
#include "api/versioned.h"

using namespace alv;
using namespace alv::api;

namespace {

// Null without a device: that is no mistake here.
std::shared_ptr<gpu::Device> device_of(const alv_runtime& runtime) {
    return runtime.core->runtime->device();
}

Status visit_all(const std::vector<gpu::OpTotal>& ops, alv_op_time_callback visit,
                 void* user_data) {
    try {
        for (const gpu::OpTotal& op : ops) {
            const alv_op_time time = {sizeof(alv_op_time), 0, view_of(op.name), op.calls,
                                      op.microseconds};
            visit(user_data, &time);
        }
    } catch (...) {
        return {Code::kCallbackFailed, "the callback that takes the operations threw"};
    }
    return ok_status();
}

}  // namespace

void alv_counters_init(alv_counters* out_counters, uint32_t struct_size) {
    const alv_counters defaults = ALV_COUNTERS_INIT;
    init_struct(out_counters, struct_size, defaults);
}

alv_status alv_runtime_get_counters(alv_runtime* runtime, alv_counters* out_counters,
                                    alv_error** out_error) {
    return call(__func__, out_error, [&]() -> Status {
        ALV_REQUIRE(runtime);
        ALV_REQUIRE(out_counters);
        ALV_RETURN_IF_ERROR(check_process(*runtime->core));
        alv_counters counters = ALV_COUNTERS_INIT;
        counters.host_us = static_cast<double>(runtime->core->runtime->scheduler().host_ns()) / 1e3;
        if (const std::shared_ptr<gpu::Device> device = device_of(*runtime)) {
            const gpu::WorkDone work = device->work_done();
            counters.submits = work.submits;
            counters.dispatches = work.dispatches;
            counters.busy_us = work.busy_us;
            counters.longest_submit_us = work.longest_submit_us;
        }
        return fill_struct(out_counters, counters, "alv_counters");
    });
}

alv_status alv_runtime_reset_counters(alv_runtime* runtime, alv_error** out_error) {
    return call(__func__, out_error, [&]() -> Status {
        ALV_REQUIRE(runtime);
        ALV_RETURN_IF_ERROR(check_process(*runtime->core));
        runtime->core->runtime->scheduler().reset_host_ns();
        if (const std::shared_ptr<gpu::Device> device = device_of(*runtime)) {
            device->reset_counters();
        }
        return ok_status();
    });
}

alv_status alv_runtime_visit_op_times(alv_runtime* runtime, alv_op_time_callback visit,
                                      void* user_data, alv_error** out_error) {
    return call(__func__, out_error, [&]() -> Status {
        ALV_REQUIRE(runtime);
        if (!visit) return invalid_argument("visit is NULL");
        ALV_RETURN_IF_ERROR(check_process(*runtime->core));
        const std::shared_ptr<gpu::Device> device = device_of(*runtime);
        if (!device) return ok_status();
        return visit_all(device->op_times(), visit, user_data);
    });
}
