#include "text/charsmap.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace alv::text {

namespace {

constexpr size_t kBlockUnits = 256;
constexpr uint32_t kMaxRules = 32;  // Normalizer::kMaxTrieResultsSize

Status corrupt(const std::string& what) {
    return corrupt_file("tokenizer.ggml.precompiled_charsmap: " + what);
}

// A unit of a Darts-clone double array (third_party/darts_clone/darts.h).
uint32_t label(uint32_t unit) {
    return unit & (0x80000000u | 0xFFu);  // a value unit has bit 31 and so no label of a byte
}
bool has_value(uint32_t unit) {
    return ((unit >> 8) & 1u) != 0;
}
uint32_t offset(uint32_t unit) {
    return (unit >> 10) << ((unit & (1u << 9)) >> 6);
}

// The most rules that one walk down from a node can meet; depth first, without recursion.
class TrieChecker {
  public:
    explicit TrieChecker(std::vector<uint32_t> units)
        : units_(std::move(units)), most_rules_(units_.size(), kUnseen) {}

    Status run() {
        ALV_RETURN_IF_ERROR(enter(0));
        while (!path_.empty()) {
            Step& step = path_.back();
            if (step.next_byte == kBlockUnits) {
                leave();
                continue;
            }
            const uint32_t byte = step.next_byte++;
            const uint32_t child = step.children ^ byte;
            if (label(units_[child]) != byte) continue;
            if (most_rules_[child] == kOnPath) return corrupt("the trie is cyclic");
            if (most_rules_[child] == kUnseen) {
                ALV_RETURN_IF_ERROR(enter(child));
            } else {
                step.below = std::max(step.below, most_rules_[child]);
            }
        }
        return most_rules_[0] > kMaxRules ? corrupt("too many rules share a prefix") : ok_status();
    }

  private:
    static constexpr uint32_t kUnseen = UINT32_MAX;
    static constexpr uint32_t kOnPath = UINT32_MAX - 1;

    struct Step {
        uint32_t node = 0;
        uint32_t children = 0;  // a child is at children ^ byte
        uint32_t next_byte = 0;
        uint32_t below = 0;  // the most rules met below, so far
    };

    Status enter(uint32_t node) {
        const uint32_t children = node ^ offset(units_[node]);
        // Whole blocks: children ^ byte stays inside for every byte.
        if (children >= units_.size()) return corrupt("the trie leaves its array");
        most_rules_[node] = kOnPath;
        path_.push_back({node, children, 0, 0});
        return ok_status();
    }

    void leave() {
        const Step step = path_.back();
        path_.pop_back();
        const uint32_t own = has_value(units_[step.node]) ? 1 : 0;
        most_rules_[step.node] = std::min(step.below + own, kMaxRules + 1);
        if (!path_.empty())
            path_.back().below = std::max(path_.back().below, most_rules_[step.node]);
    }

    std::vector<uint32_t> units_;
    std::vector<uint32_t> most_rules_;
    std::vector<Step> path_;
};

}  // namespace

Status check_charsmap(std::string_view blob) {
    uint32_t trie_bytes = 0;
    if (blob.size() <= sizeof trie_bytes) {
        return corrupt(std::to_string(blob.size()) + " bytes are too few");
    }
    std::memcpy(&trie_bytes, blob.data(), sizeof trie_bytes);
    blob.remove_prefix(sizeof trie_bytes);
    if (trie_bytes == 0 || trie_bytes % (kBlockUnits * sizeof(uint32_t)) != 0) {
        return corrupt("the trie has " + std::to_string(trie_bytes) + " bytes, not whole blocks");
    }
    if (trie_bytes >= blob.size()) return corrupt("the trie goes past the end");
    if (blob.back() != '\0') return corrupt("the last string is not NUL-terminated");
    std::vector<uint32_t> units(trie_bytes / sizeof(uint32_t));
    std::memcpy(units.data(), blob.data(), trie_bytes);
    return TrieChecker(std::move(units)).run();
}

}  // namespace alv::text
