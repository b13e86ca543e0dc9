// A made-up vocabulary, then a text, both from the fuzzer's bytes. Checks what no input may break:
// no crash, no control token from untrusted text, streamed text always valid.
#include <cstdlib>
#include <string>
#include <vector>

#include "base/utf8.h"
#include "text/tokenizer.h"

using alv::text::TextPart;
using alv::text::TokenId;
using alv::text::Tokenizer;
using alv::text::TokenType;
using alv::text::Vocabulary;

namespace {

class Bytes {
  public:
    Bytes(const uint8_t* data, size_t size) : rest_(reinterpret_cast<const char*>(data), size) {}

    uint8_t byte() {
        if (rest_.empty()) return 0;
        const auto b = static_cast<uint8_t>(rest_[0]);
        rest_.remove_prefix(1);
        return b;
    }
    std::string take(size_t n) {
        n = n < rest_.size() ? n : rest_.size();
        std::string text(rest_.substr(0, n));
        rest_.remove_prefix(n);
        return text;
    }
    std::string rest() { return take(rest_.size()); }

  private:
    std::string_view rest_;
};

Vocabulary make_vocabulary(Bytes& bytes) {
    static constexpr const char* kPre[] = {"default",   "gpt-2",  "smollm",       "falcon",
                                           "llama-bpe", "gpt-4o", "deepseek-llm", "bloom"};
    Vocabulary v;
    const uint8_t flags = bytes.byte();
    v.model = flags & 1 ? "llama" : "gpt2";
    if (flags & 64) v.model = "bert";
    v.lowercase = !(flags & 128);
    v.pre = kPre[bytes.byte() % 8];
    v.add_space_prefix = flags & 2;
    v.remove_extra_whitespaces = flags & 4;
    if (flags & 8) v.charsmap = bytes.take(bytes.byte() * 16u);
    const size_t n_tokens = bytes.byte();
    for (size_t i = 0; i < n_tokens; ++i) {
        const uint8_t kind = bytes.byte();
        v.tokens.push_back(bytes.take(kind >> 4));
        v.types.push_back(kind & 7);
        v.scores.push_back(static_cast<float>(bytes.byte()));
    }
    if (flags & 16) {
        for (int b = 0; b < 256; ++b) {
            std::string name;
            if (flags & 1) {
                constexpr const char* kHex = "0123456789ABCDEF";
                name = {'<', '0', 'x', kHex[b >> 4], kHex[b & 15], '>'};
            } else {
                alv::utf8::append(name, static_cast<char32_t>(b));
            }
            v.tokens.push_back(name);
            v.types.push_back(
                static_cast<int64_t>(flags & 1 ? TokenType::kByte : TokenType::kNormal));
            v.scores.push_back(0);
        }
    }
    for (size_t n = bytes.byte(); n > 0 && flags & 32 && n_tokens > 0; --n) {
        v.merges.push_back(v.tokens[bytes.byte() % n_tokens] + " " +
                           v.tokens[bytes.byte() % n_tokens]);
    }
    v.bos = static_cast<int8_t>(bytes.byte());
    v.unknown = static_cast<int8_t>(bytes.byte());
    return v;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    Bytes bytes(data, size);
    const auto tokenizer = Tokenizer::create(make_vocabulary(bytes));
    if (!tokenizer.ok()) return 0;
    const std::string head = alv::utf8::replace_invalid(bytes.take(bytes.byte()));
    const std::string tail = alv::utf8::replace_invalid(bytes.rest());

    std::vector<TokenId> ids;
    const TextPart untrusted[] = {{head, false}, {tail, false}};
    if (!(*tokenizer)->encode(untrusted, ids).ok()) std::abort();
    const Vocabulary& vocabulary = (*tokenizer)->vocabulary();
    for (const TokenId id : ids) {
        if (id < 0 || static_cast<size_t>(id) >= vocabulary.tokens.size()) std::abort();
        const auto type = static_cast<TokenType>(vocabulary.types[static_cast<size_t>(id)]);
        if (type == TokenType::kControl) std::abort();
    }
    ids.clear();
    const TextPart mixed[] = {{head, true}, {tail, false}, {head, true}};
    if (!(*tokenizer)->encode(mixed, ids).ok()) std::abort();
    alv::text::StreamDetokenizer stream(**tokenizer, size % 2 == 0);
    for (const TokenId id : ids) {
        if (!alv::utf8::is_valid(stream.push(id))) std::abort();
    }
    if (!alv::utf8::is_valid(stream.finish())) std::abort();
    return 0;
}
