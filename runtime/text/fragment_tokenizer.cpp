#include "text/fragment_tokenizer.h"

#include <string>

#include "base/utf8.h"
#include "text/control_tokens.h"

namespace alv::text {

namespace {

// SPM escapes a space as three bytes and counts in int.
constexpr size_t kMaxTextBytes = size_t{256} << 20;

struct JoinedText {
    std::string text;
    std::vector<TextRange> trusted;
};

Result<JoinedText> join(std::span<const TextPart> parts) {
    size_t size_bytes = 0;
    for (const TextPart& part : parts) {
        if (part.text.size() > kMaxTextBytes - size_bytes) {
            return limit_exceeded("the text has more than " + std::to_string(kMaxTextBytes >> 20) +
                                  " MiB; send less at once");
        }
        size_bytes += part.text.size();
        if (!utf8::is_valid(part.text)) {
            return invalid_argument("the text is not UTF-8, from byte " +
                                    std::to_string(utf8::valid_prefix(part.text)) +
                                    " of a part on");
        }
    }
    JoinedText joined;
    joined.text.reserve(size_bytes);
    for (const TextPart& part : parts) {
        if (part.text.empty()) continue;
        const size_t begin = joined.text.size();
        joined.text += part.text;
        if (!part.parse_special) continue;
        if (!joined.trusted.empty() && joined.trusted.back().end == begin) {
            joined.trusted.back().end = joined.text.size();
        } else {
            joined.trusted.push_back({begin, joined.text.size()});
        }
    }
    return joined;
}

}  // namespace

Status FragmentTokenizer::init_special() {
    ALV_ASSIGN_OR_RETURN(special_, SpecialSplitter::create(vocabulary_));
    return ok_status();
}

Status FragmentTokenizer::encode(std::span<const TextPart> parts, std::vector<TokenId>& out) const {
    ALV_ASSIGN_OR_RETURN(const JoinedText joined, join(parts));
    std::vector<Fragment> fragments;
    special_->split(joined.text, joined.trusted, fragments);
    const size_t had = out.size();
    bool after_special = true;
    for (const Fragment& fragment : fragments) {
        if (fragment.token != kNoToken) {
            out.push_back(fragment.token);
            after_special = true;
            continue;
        }
        if (Status status = encode_text(fragment.text, after_special, out); !status.ok()) {
            out.resize(had);
            return status;
        }
        after_special = false;
    }
    return ok_status();
}

std::string FragmentTokenizer::decode(TokenId token, bool render_special) const {
    if (token < 0 || static_cast<size_t>(token) >= vocabulary_.tokens.size()) return {};
    switch (token_type(vocabulary_, token)) {
        case TokenType::kControl:
        case TokenType::kUnknown:
            return render_special ? vocabulary_.tokens[static_cast<size_t>(token)] : std::string();
        case TokenType::kUserDefined:
            return vocabulary_.tokens[static_cast<size_t>(token)];
        default:
            return decode_text(token);
    }
}

}  // namespace alv::text
