#include "alviss/memory_plan.h"

#include "api/handles.h"
#include "api/model_source.h"
#include "api/versioned.h"
#include "model/model.h"

using namespace alv;
using namespace alv::api;

void alv_memory_plan_init(alv_memory_plan* out_plan, uint32_t struct_size) {
    const alv_memory_plan defaults = ALV_MEMORY_PLAN_INIT;
    init_struct(out_plan, struct_size, defaults);
}

alv_status alv_memory_plan_query(alv_runtime* runtime, const alv_model_options* options,
                                 alv_memory_plan* out_plan, alv_error** out_error) {
    return call(__func__, out_error, [&]() -> Status {
        ALV_REQUIRE(runtime);
        ALV_REQUIRE(out_plan);
        ALV_RETURN_IF_ERROR(check_process(*runtime->core));
        ALV_ASSIGN_OR_RETURN(const alv_model_options read, read_model_options(options));
        ALV_ASSIGN_OR_RETURN(const std::shared_ptr<const gguf::Reader> reader, open_reader(read));
        const std::shared_ptr<gpu::Device> device = runtime->core->runtime->device();
        if (!device) return invalid_state("the runtime has no device to plan for");
        model::LoadOptions load;
        load.kv_tokens = read.kv_tokens;
        ALV_ASSIGN_OR_RETURN(const model::MemoryPlan planned,
                             model::plan_memory(*device, *reader, load));
        alv_memory_plan plan = ALV_MEMORY_PLAN_INIT;
        plan.fits = planned.fits ? 1 : 0;
        plan.weights_bytes = planned.weights_bytes;
        plan.kv_bytes = planned.kv_bytes;
        plan.scratch_bytes = planned.scratch_bytes;
        plan.staging_bytes = planned.staging_bytes;
        plan.host_bytes = planned.host_bytes;
        plan.budget_bytes = planned.budget_bytes;
        plan.max_kv_tokens = planned.max_kv_tokens;
        return fill_struct(out_plan, plan, "alv_memory_plan");
    });
}
