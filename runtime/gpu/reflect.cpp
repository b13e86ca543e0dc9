#include "gpu/reflect.h"

#include <algorithm>
#include <map>
#include <optional>
#include <unordered_map>

namespace alv::gpu {
namespace {

// Numbers of the SPIR-V specification (unified1), of what is read here.
enum Op : uint32_t {
    kOpTypeInt = 21,
    kOpTypeFloat = 22,
    kOpTypeVector = 23,
    kOpTypeMatrix = 24,
    kOpTypeImage = 25,
    kOpTypeSampledImage = 27,
    kOpTypeArray = 28,
    kOpTypeStruct = 30,
    kOpTypePointer = 32,
    kOpCapability = 17,
    kOpExecutionMode = 16,
    kOpConstant = 43,
    kOpConstantComposite = 44,
    kOpSpecConstant = 50,
    kOpSpecConstantComposite = 51,
    kOpVariable = 59,
    kOpDecorate = 71,
    kOpMemberDecorate = 72,
    kOpExecutionModeId = 331,
};
enum Decoration : uint32_t {
    kSpecId = 1,
    kArrayStride = 6,
    kMatrixStride = 7,
    kBuiltIn = 11,
    kNonWritable = 24,
    kNonReadable = 25,
    kBinding = 33,
    kDescriptorSet = 34,
    kOffset = 35,
};
constexpr uint32_t kMagic = 0x07230203;
constexpr uint32_t kWorkgroupSize = 25;  // BuiltIn
constexpr uint32_t kModeLocalSize = 17;
constexpr uint32_t kModeLocalSizeId = 38;
constexpr uint32_t kStoragePushConstant = 9;
constexpr uint32_t kStorageStorageBuffer = 12;
constexpr uint32_t kStorageUniformConstant = 0;
constexpr uint32_t kStorageUniform = 2;
constexpr uint32_t kDimBuffer = 5;
constexpr uint32_t kSampledByFetch = 1;

struct Id {
    std::unordered_map<uint32_t, uint32_t> decorations;
    std::map<std::pair<uint32_t, uint32_t>, uint32_t> members;  // (member, decoration) -> value
    std::span<const uint32_t> def;  // the words after the one with the opcode
    uint32_t op = 0;
};

class Module {
  public:
    Status parse(std::span<const uint32_t> words);
    Result<Reflection> reflect() const;

  private:
    void take(uint32_t op, std::span<const uint32_t> operands);
    void define(uint32_t id, uint32_t op, std::span<const uint32_t> operands);
    const Id* find(uint32_t id) const;
    std::optional<uint32_t> decoration(uint32_t id, uint32_t what) const;
    bool all_members(const Id& type, uint32_t what) const;
    uint32_t constant(uint32_t id) const;
    uint32_t type_bytes(uint32_t id, int depth) const;
    uint32_t struct_bytes(const Id& type, int depth) const;
    Result<uint32_t> binding_of(uint32_t variable, Reflection& out) const;
    Status add_buffer(uint32_t variable, Reflection& out) const;
    Status add_texels(uint32_t variable, Reflection& out) const;
    void set_workgroup(Reflection& out) const;
    WorkgroupExtent extent(uint32_t id) const;

    std::unordered_map<uint32_t, Id> ids_;
    std::vector<uint32_t> variables_;
    std::vector<uint32_t> capabilities_;
    std::span<const uint32_t> local_size_;  // three literals
    std::span<const uint32_t> local_size_ids_;
};

void Module::define(uint32_t id, uint32_t op, std::span<const uint32_t> operands) {
    ids_[id].op = op;
    ids_[id].def = operands;
}

void Module::take(uint32_t op, std::span<const uint32_t> o) {
    switch (op) {
        case kOpCapability:
            if (!o.empty()) capabilities_.push_back(o[0]);
            break;
        case kOpExecutionMode:
            if (o.size() >= 5 && o[1] == kModeLocalSize) local_size_ = o.subspan(2, 3);
            break;
        case kOpExecutionModeId:
            if (o.size() >= 5 && o[1] == kModeLocalSizeId) local_size_ids_ = o.subspan(2, 3);
            break;
        case kOpDecorate:
            if (o.size() >= 2) ids_[o[0]].decorations[o[1]] = o.size() >= 3 ? o[2] : 1;
            break;
        case kOpMemberDecorate:
            if (o.size() >= 3) ids_[o[0]].members[{o[1], o[2]}] = o.size() >= 4 ? o[3] : 1;
            break;
        case kOpTypeInt:
        case kOpTypeFloat:
        case kOpTypeVector:
        case kOpTypeMatrix:
        case kOpTypeImage:
        case kOpTypeSampledImage:
        case kOpTypeArray:
        case kOpTypeStruct:
        case kOpTypePointer:
            if (!o.empty()) define(o[0], op, o);
            break;
        case kOpConstant:
        case kOpConstantComposite:
        case kOpSpecConstant:
        case kOpSpecConstantComposite:
            if (o.size() >= 2) define(o[1], op, o);
            break;
        case kOpVariable:
            if (o.size() >= 3) {
                define(o[1], op, o);
                variables_.push_back(o[1]);
            }
            break;
        default:
            break;
    }
}

Status Module::parse(std::span<const uint32_t> words) {
    if (words.size() < 5 || words[0] != kMagic) return internal_error("no SPIR-V");
    for (size_t at = 5; at < words.size();) {
        const uint32_t length = words[at] >> 16;
        if (length == 0 || length > words.size() - at) return internal_error("broken SPIR-V");
        take(words[at] & 0xffff, words.subspan(at + 1, length - 1));
        at += length;
    }
    return ok_status();
}

const Id* Module::find(uint32_t id) const {
    const auto it = ids_.find(id);
    return it == ids_.end() ? nullptr : &it->second;
}

std::optional<uint32_t> Module::decoration(uint32_t id, uint32_t what) const {
    const Id* const found = find(id);
    if (found == nullptr) return std::nullopt;
    const auto it = found->decorations.find(what);
    if (it == found->decorations.end()) return std::nullopt;
    return it->second;
}

// glslang decorates a block's members, other compilers the variable.
bool Module::all_members(const Id& type, uint32_t what) const {
    const uint32_t n_members = static_cast<uint32_t>(type.def.size()) - 1;
    for (uint32_t m = 0; m < n_members; ++m) {
        if (!type.members.contains({m, what})) return false;
    }
    return n_members > 0;
}

uint32_t Module::constant(uint32_t id) const {
    const Id* const found = find(id);
    return found != nullptr && found->def.size() >= 3 ? found->def[2] : 0;
}

// Size under the explicit layout that push constants have; depth bounds a module that is cyclic.
uint32_t Module::type_bytes(uint32_t id, int depth) const {
    const Id* const type = find(id);
    if (type == nullptr || type->def.size() < 2 || depth > 8) return 0;
    switch (type->op) {
        case kOpTypeInt:
        case kOpTypeFloat:
            return type->def[1] / 8;
        case kOpTypeVector:
            return type->def.size() < 3 ? 0 : type_bytes(type->def[1], depth + 1) * type->def[2];
        case kOpTypeArray:
            return type->def.size() < 3
                       ? 0
                       : decoration(id, kArrayStride).value_or(0) * constant(type->def[2]);
        case kOpTypeStruct:
            return struct_bytes(*type, depth + 1);
        default:
            return 0;
    }
}

uint32_t Module::struct_bytes(const Id& type, int depth) const {
    uint32_t end = 0;
    for (uint32_t m = 0; m + 1 < type.def.size(); ++m) {
        const auto offset = type.members.find({m, kOffset});
        if (offset == type.members.end()) continue;
        end = std::max(end, offset->second + type_bytes(type.def[m + 1], depth));
    }
    return end;
}

Result<uint32_t> Module::binding_of(uint32_t variable, Reflection& out) const {
    const uint32_t binding = decoration(variable, kBinding).value_or(UINT32_MAX);
    if (decoration(variable, kDescriptorSet).value_or(0) != 0 || binding >= 16) {
        return unsupported("a shader may only use bindings 0 to 15 of set 0");
    }
    out.interface.n_bindings = std::max(out.interface.n_bindings, binding + 1);
    out.binding_present[binding] = true;
    return binding;
}

Status Module::add_texels(uint32_t variable, Reflection& out) const {
    const Id* const pointer = find(find(variable)->def[0]);
    const Id* type =
        pointer != nullptr && pointer->def.size() >= 3 ? find(pointer->def[2]) : nullptr;
    if (type != nullptr && type->op == kOpTypeSampledImage && type->def.size() >= 2) {
        type = find(type->def[1]);
    }
    if (type == nullptr || type->op != kOpTypeImage || type->def.size() < 7 ||
        type->def[2] != kDimBuffer || type->def[6] != kSampledByFetch) {
        return unsupported("a shader may only bind storage buffers and texel buffers");
    }
    ALV_ASSIGN_OR_RETURN(const uint32_t binding, binding_of(variable, out));
    const Id* const component = find(type->def[1]);
    const bool is_float = component != nullptr && component->op == kOpTypeFloat;
    out.interface.binding_kinds[binding] =
        is_float ? BindingKind::kTexelsFloat : BindingKind::kTexelsUint;
    out.interface.binding_reads[binding] = true;
    return ok_status();
}

Status Module::add_buffer(uint32_t variable, Reflection& out) const {
    ALV_ASSIGN_OR_RETURN(const uint32_t binding, binding_of(variable, out));
    const Id* const pointer = find(find(variable)->def[0]);
    const Id* const type =
        pointer != nullptr && pointer->def.size() >= 3 ? find(pointer->def[2]) : nullptr;
    if (type == nullptr || type->op != kOpTypeStruct) {
        return unsupported("a shader may only bind single storage buffers");
    }
    const auto decorated = [&](uint32_t what) {
        return decoration(variable, what).has_value() || all_members(*type, what);
    };
    // Two variables may share a binding: the union of what they do.
    if (!decorated(kNonReadable)) out.interface.binding_reads[binding] = true;
    if (!decorated(kNonWritable)) out.interface.binding_writes[binding] = true;
    return ok_status();
}

WorkgroupExtent Module::extent(uint32_t id) const {
    return {constant(id), decoration(id, kSpecId).value_or(UINT32_MAX)};
}

void Module::set_workgroup(Reflection& out) const {
    for (size_t i = 0; i < local_size_.size(); ++i) out.workgroup[i] = {local_size_[i], UINT32_MAX};
    for (size_t i = 0; i < local_size_ids_.size(); ++i)
        out.workgroup[i] = extent(local_size_ids_[i]);
    for (const auto& [id, what] : ids_) {
        const auto builtin = what.decorations.find(kBuiltIn);
        const bool is_size = builtin != what.decorations.end() && builtin->second == kWorkgroupSize;
        if (!is_size || what.def.size() < 5) continue;
        for (size_t i = 0; i < 3; ++i) out.workgroup[i] = extent(what.def[i + 2]);
    }
}

Result<Reflection> Module::reflect() const {
    Reflection out;
    out.capabilities = capabilities_;
    for (const uint32_t variable : variables_) {
        const Id& id = *find(variable);
        const uint32_t storage = id.def[2];
        if (storage == kStorageStorageBuffer) {
            ALV_RETURN_IF_ERROR(add_buffer(variable, out));
        } else if (storage == kStoragePushConstant) {
            const Id* const pointer = find(id.def[0]);
            if (pointer == nullptr || pointer->def.size() < 3) continue;
            out.interface.push_constant_bytes = type_bytes(pointer->def[2], 0);
        } else if (storage == kStorageUniformConstant) {
            ALV_RETURN_IF_ERROR(add_texels(variable, out));
        } else if (storage == kStorageUniform) {
            return unsupported("a shader may only bind storage buffers and texel buffers");
        }
    }
    set_workgroup(out);
    return out;
}

}  // namespace

Result<Reflection> reflect(std::span<const uint32_t> words) {
    Module module;
    ALV_RETURN_IF_ERROR(module.parse(words));
    return module.reflect();
}

}  // namespace alv::gpu
