#include "text/bpe.h"

#include <algorithm>

#include "base/utf8.h"
#include "text/byte_alphabet.h"
#include "text/control_tokens.h"

namespace alv::text {

namespace {

// A byte that no token stands for takes part in no merge and, as in the peer, is dropped.
constexpr TokenId kAbsentByte = -2;

struct Symbol {
    TokenId token = kNoToken;  // kNoToken: merged away
    int32_t previous = -1;
    int32_t next = -1;
};

struct Candidate {
    uint32_t rank = 0;
    int32_t left = 0;  // index of the left symbol
    TokenId left_token = kNoToken;
    TokenId right_token = kNoToken;
    TokenId merged = kNoToken;
};

// The lowest rank first, then the leftmost.
bool comes_later(const Candidate& a, const Candidate& b) {
    return a.rank != b.rank ? a.rank > b.rank : a.left > b.left;
}

}  // namespace

struct BpeTokenizer::Scratch {
    std::vector<Symbol> symbols;
    std::vector<Candidate> heap;
    std::string mapped;
};

Result<std::unique_ptr<const Tokenizer>> BpeTokenizer::create(Vocabulary vocabulary) {
    ALV_ASSIGN_OR_RETURN(Pretokenizer pretokenizer, Pretokenizer::create(vocabulary.pre));
    std::unique_ptr<BpeTokenizer> tokenizer(new BpeTokenizer(std::move(vocabulary)));
    tokenizer->pretokenizer_ = std::move(pretokenizer);
    ALV_RETURN_IF_ERROR(tokenizer->init_special());
    ALV_RETURN_IF_ERROR(tokenizer->index_.build(tokenizer->vocabulary_.tokens));
    ALV_RETURN_IF_ERROR(tokenizer->init_merges());
    return std::unique_ptr<const Tokenizer>(std::move(tokenizer));
}

Status BpeTokenizer::init_merges() {
    const auto& tokens = vocabulary_.tokens;
    for (size_t b = 0; b < byte_tokens_.size(); ++b) {
        std::string character;
        utf8::append(character, kByteAlphabet.code_point[b]);
        const TokenId token = index_.find(tokens, character);
        byte_tokens_[b] = token == kNoToken || is_control(token) ? kAbsentByte : token;
    }
    for (const std::string& token : tokens) {
        longest_token_bytes_ = std::max(longest_token_bytes_, token.size());
    }
    merges_.reserve(vocabulary_.merges.size());
    std::string joined;
    for (size_t i = 0; i < vocabulary_.merges.size(); ++i) {
        const std::string_view merge = vocabulary_.merges[i];
        const std::string field = "tokenizer.ggml.merges[" + std::to_string(i) + "]";
        const size_t space = merge.size() < 2 ? merge.npos : merge.find(' ', 1);
        if (space == merge.npos) return corrupt_file(field + " is not two tokens");
        const std::string_view left = merge.substr(0, space);
        const std::string_view right = merge.substr(space + 1);
        joined = left;
        joined += right;
        Merge entry;
        entry.left = index_.find(tokens, left);
        entry.right = index_.find(tokens, right);
        entry.rank = static_cast<uint32_t>(i);
        entry.merged = index_.find(tokens, joined);
        if (entry.left == kNoToken || entry.right == kNoToken || entry.merged == kNoToken) {
            return corrupt_file(field + " names a token that is not in tokenizer.ggml.tokens");
        }
        if (!is_control(entry.merged)) merges_.insert(entry);
    }
    vocabulary_.merges = {};  // the table holds all of it
    return ok_status();
}

bool BpeTokenizer::is_control(TokenId token) const {
    const TokenType type = token_type(vocabulary_, token);
    return type == TokenType::kControl || type == TokenType::kUnknown;
}

Status BpeTokenizer::encode_text(std::string_view text, bool /*after_special*/,
                                 std::vector<TokenId>& out) const {
    std::vector<std::string_view> words;
    ALV_RETURN_IF_ERROR(pretokenizer_.split(text, words));
    Scratch scratch;
    for (const std::string_view word : words) {
        const TokenId whole = pretokenizer_.ignores_merges() ? find_word(word, scratch) : kNoToken;
        if (whole != kNoToken) {
            out.push_back(whole);
        } else {
            merge_word(word, scratch, out);
        }
    }
    return ok_status();
}

TokenId BpeTokenizer::find_word(std::string_view word, Scratch& scratch) const {
    if (word.size() > longest_token_bytes_) return kNoToken;
    scratch.mapped.clear();
    for (const char c : word) {
        utf8::append(scratch.mapped, kByteAlphabet.code_point[static_cast<uint8_t>(c)]);
    }
    const TokenId token = index_.find(vocabulary_.tokens, scratch.mapped);
    return token != kNoToken && is_control(token) ? kNoToken : token;
}

void BpeTokenizer::add_candidate(Scratch& scratch, int32_t left) const {
    if (left < 0) return;
    const Symbol& symbol = scratch.symbols[static_cast<size_t>(left)];
    if (symbol.next < 0) return;
    const TokenId right = scratch.symbols[static_cast<size_t>(symbol.next)].token;
    if (symbol.token < 0 || right < 0) return;
    const Merge* merge = merges_.find(symbol.token, right);
    if (merge == nullptr) return;
    scratch.heap.push_back({merge->rank, left, symbol.token, right, merge->merged});
    std::push_heap(scratch.heap.begin(), scratch.heap.end(), comes_later);
}

// O(n log n): each merge takes one symbol away and adds at most two candidates; a candidate whose
// symbols have changed since is dropped when it comes up.
void BpeTokenizer::merge_word(std::string_view word, Scratch& scratch,
                              std::vector<TokenId>& out) const {
    auto& symbols = scratch.symbols;
    auto& heap = scratch.heap;
    symbols.resize(word.size());
    heap.clear();
    const auto n = static_cast<int32_t>(word.size());
    for (int32_t i = 0; i < n; ++i) {
        const auto at = static_cast<size_t>(i);
        symbols[at] = {byte_tokens_[static_cast<uint8_t>(word[at])], i - 1, i + 1 < n ? i + 1 : -1};
    }
    for (int32_t i = 0; i + 1 < n; ++i) add_candidate(scratch, i);

    while (!heap.empty()) {
        std::pop_heap(heap.begin(), heap.end(), comes_later);
        const Candidate candidate = heap.back();
        heap.pop_back();
        Symbol& left = symbols[static_cast<size_t>(candidate.left)];
        if (left.token != candidate.left_token || left.next < 0) continue;
        Symbol& right = symbols[static_cast<size_t>(left.next)];
        if (right.token != candidate.right_token) continue;
        left.token = candidate.merged;
        left.next = right.next;
        right.token = kNoToken;
        if (left.next >= 0) symbols[static_cast<size_t>(left.next)].previous = candidate.left;
        add_candidate(scratch, left.previous);
        add_candidate(scratch, candidate.left);
    }
    for (int32_t i = n > 0 ? 0 : -1; i >= 0; i = symbols[static_cast<size_t>(i)].next) {
        const TokenId token = symbols[static_cast<size_t>(i)].token;
        if (token != kAbsentByte) out.push_back(token);
    }
}

std::string BpeTokenizer::decode_text(TokenId token) const {
    const std::string_view text = vocabulary_.tokens[static_cast<size_t>(token)];
    std::string bytes;
    bytes.reserve(text.size());
    for (size_t at = 0; at < text.size();) {
        const utf8::CodePoint c = utf8::next(text, at);
        const int16_t byte =
            c.valid && c.code_point < kAlphabetEnd ? kByteAlphabet.byte[c.code_point] : int16_t{-1};
        if (byte >= 0) {
            bytes += static_cast<char>(byte);
        } else {
            bytes += text.substr(at, c.size);  // a token outside the alphabet stands for itself
        }
        at += c.size;
    }
    return bytes;
}

}  // namespace alv::text
