#include "gpu/kernel_checks.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

namespace alv::gpu {
namespace {

// Goes up when the tests in ops/self_test_*.cpp ask for more than they did: all run again then.
constexpr uint32_t kTestVersion = 1;
constexpr uint32_t kMaxNameBytes = 64;
constexpr uint32_t kMaxConstants = 16;

void put(std::vector<uint8_t>& out, const void* bytes, size_t size) {
    const size_t end = out.size();
    out.resize(end + size);
    if (size != 0) std::memcpy(out.data() + end, bytes, size);
}

template <typename T>
void put(std::vector<uint8_t>& out, const T& value) {
    put(out, &value, sizeof(T));
}

// False at the end of the bytes; `value` is then what it was.
template <typename T>
bool take(std::span<const uint8_t>& in, T& value) {
    if (in.size() < sizeof(T)) return false;
    std::memcpy(&value, in.data(), sizeof(T));
    in = in.subspan(sizeof(T));
    return true;
}

bool take_key(std::span<const uint8_t>& in, KernelKey& key) {
    uint32_t n_name = 0;
    uint32_t n_constants = 0;
    if (!take(in, n_name) || !take(in, n_constants)) return false;
    if (n_name > kMaxNameBytes || n_constants > kMaxConstants || in.size() < n_name) return false;
    key.shader.assign(reinterpret_cast<const char*>(in.data()), n_name);
    in = in.subspan(n_name);
    key.constants.resize(n_constants);
    return std::all_of(key.constants.begin(), key.constants.end(),
                       [&](uint32_t& constant) { return take(in, constant); });
}

}  // namespace

std::string name_of(const KernelKey& key) {
    std::string name = key.shader + "(";
    for (size_t i = 0; i < key.constants.size(); ++i) {
        if (i != 0) name += ", ";
        name += std::to_string(key.constants[i]);
    }
    return name + ")";
}

void KernelChecks::add(KernelCheck check) {
    const std::lock_guard lock(mutex_);
    const auto known = std::find_if(checks_.begin(), checks_.end(),
                                    [&](const KernelCheck& it) { return it.key == check.key; });
    if (known != checks_.end()) {
        *known = std::move(check);
    } else {
        checks_.push_back(std::move(check));
    }
}

std::optional<KernelCheck> KernelChecks::find(const KernelKey& key) const {
    const std::lock_guard lock(mutex_);
    const auto known = std::find_if(checks_.begin(), checks_.end(),
                                    [&](const KernelCheck& it) { return it.key == key; });
    if (known == checks_.end()) return std::nullopt;
    return *known;
}

bool KernelChecks::failed(const KernelKey& key) const {
    const std::lock_guard lock(mutex_);
    return std::any_of(checks_.begin(), checks_.end(),
                       [&](const KernelCheck& it) { return !it.passed && it.key == key; });
}

std::vector<KernelCheck> KernelChecks::all() const {
    const std::lock_guard lock(mutex_);
    return checks_;
}

std::vector<uint8_t> pack_checks(std::span<const KernelCheck> checks, const ShaderHash& hash_of) {
    std::vector<uint8_t> out;
    put(out, kTestVersion);
    for (const KernelCheck& check : checks) {
        if (check.key.shader.size() > kMaxNameBytes || check.key.constants.size() > kMaxConstants) {
            continue;
        }
        put(out, static_cast<uint32_t>(check.key.shader.size()));
        put(out, static_cast<uint32_t>(check.key.constants.size()));
        put(out, check.key.shader.data(), check.key.shader.size());
        for (const uint32_t constant : check.key.constants) put(out, constant);
        put(out, hash_of(check.key.shader));
        put(out, uint32_t{check.passed ? 1U : 0U});
        put(out, check.error);
        put(out, check.tolerance);
    }
    return out;
}

std::vector<KernelCheck> unpack_checks(std::span<const uint8_t> bytes, const ShaderHash& hash_of) {
    std::vector<KernelCheck> checks;
    uint32_t version = 0;
    if (!take(bytes, version) || version != kTestVersion) return checks;
    for (;;) {
        KernelCheck check;
        uint64_t hash = 0;
        uint32_t passed = 0;
        const bool whole = take_key(bytes, check.key) && take(bytes, hash) && take(bytes, passed) &&
                           take(bytes, check.error) && take(bytes, check.tolerance);
        if (!whole || passed > 1) return checks;
        check.passed = passed == 1;
        check.cached = true;
        if (hash != 0 && hash == hash_of(check.key.shader)) checks.push_back(std::move(check));
    }
}

}  // namespace alv::gpu
