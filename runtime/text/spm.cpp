#include "text/spm.h"

#include <cstring>

#include "bpe_model.h"
#include "normalizer.h"
#include "sentencepiece_model.pb.h"
#include "text/byte_token.h"
#include "text/charsmap.h"
#include "text/control_tokens.h"

namespace alv::text {

namespace {

namespace sp = sentencepiece;

constexpr std::string_view kSpaceSymbol = "\xE2\x96\x81";  // U+2581, SPM's visible space
constexpr size_t kMinChunkBytes = 4096;

std::string replace_all(std::string_view text, std::string_view from, std::string_view to) {
    std::string out;
    out.reserve(text.size() + text.size() / 4);
    size_t at = 0;
    while (true) {
        const size_t found = text.find(from, at);
        out += text.substr(at, found == std::string_view::npos ? found : found - at);
        if (found == std::string_view::npos) return out;
        out += to;
        at = found + from.size();
    }
}

// Where the word after text[0, from] starts, or text.size().
size_t next_word(std::string_view text, size_t from) {
    for (size_t at = text.find(kSpaceSymbol, from); at != std::string_view::npos;
         at = text.find(kSpaceSymbol, at + kSpaceSymbol.size())) {
        if (at > 0 && !text.substr(0, at).ends_with(kSpaceSymbol)) return at;
    }
    return text.size();
}

bool is_plain(TokenType type) {
    // The peer merges unused tokens like any other, and so it is here: resegmenting them, as
    // sentencepiece would, recurses as deep as the file asks for.
    return type == TokenType::kNormal || type == TokenType::kUnused ||
           type == TokenType::kUndefined;
}

}  // namespace

// sentencepiece's own classes rather than its processor: that one is quadratic in a run of unknown
// characters, keeps tables for the life of the process, and can end the process.
struct SpmTokenizer::Model {
    google::protobuf::Arena arena;
    sp::ModelProto* proto = nullptr;
    std::vector<TokenId> tokens;  // of the proto's pieces; [0] is its one unknown piece
    std::unique_ptr<sp::normalizer::Normalizer> normalizer;  // null: only spaces are escaped
    std::unique_ptr<sp::bpe::Model> bpe;
};

SpmTokenizer::SpmTokenizer(Vocabulary vocabulary)
    : FragmentTokenizer(std::move(vocabulary)), model_(std::make_unique<Model>()) {}
SpmTokenizer::~SpmTokenizer() = default;

Result<std::unique_ptr<const Tokenizer>> SpmTokenizer::create(Vocabulary vocabulary) {
    std::unique_ptr<SpmTokenizer> tokenizer(new SpmTokenizer(std::move(vocabulary)));
    ALV_RETURN_IF_ERROR(tokenizer->init_special());
    ALV_RETURN_IF_ERROR(tokenizer->init_bytes());
    ALV_RETURN_IF_ERROR(tokenizer->init_model());
    return std::unique_ptr<const Tokenizer>(std::move(tokenizer));
}

Status SpmTokenizer::init_bytes() {
    byte_tokens_.fill(kNoToken);
    for (size_t i = 0; i < vocabulary_.tokens.size(); ++i) {
        const auto token = static_cast<TokenId>(i);
        if (token_type(vocabulary_, token) != TokenType::kByte) continue;
        const auto byte = parse_byte_token(vocabulary_.tokens[i]);
        if (!byte) {
            return corrupt_file("tokenizer.ggml.tokens: token " + std::to_string(i) +
                                " is typed as a byte but is not named <0x00> to <0xFF>");
        }
        if (byte_tokens_[*byte] != kNoToken) {
            return corrupt_file("tokenizer.ggml.tokens: byte token " + std::to_string(i) +
                                " appears twice");
        }
        byte_tokens_[*byte] = token;
    }
    return ok_status();
}

Status SpmTokenizer::init_model() {
    Model& model = *model_;
    model.proto = google::protobuf::Arena::CreateMessage<sp::ModelProto>(&model.arena);
    sp::ModelProto& proto = *model.proto;
    proto.mutable_trainer_spec()->set_model_type(sp::TrainerSpec::BPE);
    auto* unknown = proto.add_pieces();
    unknown->set_piece("\xFF");  // not UTF-8: no text is equal to it
    unknown->set_type(sp::ModelProto::SentencePiece::UNKNOWN);
    model.tokens.push_back(vocabulary_.unknown);

    for (size_t i = 0; i < vocabulary_.tokens.size(); ++i) {
        const auto token = static_cast<TokenId>(i);
        const std::string& text = vocabulary_.tokens[i];
        if (text.empty() || !is_plain(token_type(vocabulary_, token))) continue;
        auto* piece = proto.add_pieces();
        piece->set_piece(text);
        piece->set_score(vocabulary_.scores.empty() ? 0.0f : vocabulary_.scores[i]);
        model.tokens.push_back(token);
        if (next_word(text, 0) != text.size()) words_are_separate_ = false;
    }

    if (!vocabulary_.charsmap.empty() || vocabulary_.remove_extra_whitespaces) {
        if (!vocabulary_.charsmap.empty())
            ALV_RETURN_IF_ERROR(check_charsmap(vocabulary_.charsmap));
        auto* spec = proto.mutable_normalizer_spec();
        spec->set_precompiled_charsmap(vocabulary_.charsmap);
        spec->set_add_dummy_prefix(false);
        spec->set_escape_whitespaces(true);
        spec->set_remove_extra_whitespaces(vocabulary_.remove_extra_whitespaces);
        model.normalizer =
            std::make_unique<sp::normalizer::Normalizer>(*spec, proto.trainer_spec());
        if (!model.normalizer->status().ok()) {
            return corrupt_file("tokenizer.ggml.precompiled_charsmap: " +
                                model.normalizer->status().ToString());
        }
    }
    model.bpe = std::make_unique<sp::bpe::Model>(proto);
    if (!model.bpe->status().ok()) {
        return corrupt_file("tokenizer.ggml.tokens: " + model.bpe->status().ToString());
    }
    return ok_status();
}

Status SpmTokenizer::encode_text(std::string_view text, bool after_special,
                                 std::vector<TokenId>& out) const {
    std::string prefixed;
    if (after_special && vocabulary_.add_space_prefix) {
        prefixed.reserve(text.size() + 1);
        prefixed = ' ';
        prefixed += text;
        text = prefixed;
    }
    std::string normalized;
    if (model_->normalizer) {
        std::vector<size_t> origins;
        const auto status = model_->normalizer->Normalize(text, &normalized, &origins);
        if (!status.ok()) return internal_error("sentencepiece: " + status.ToString());
    } else {
        normalized = replace_all(text, " ", kSpaceSymbol);
    }
    // Word by word where that gives the same tokens: sentencepiece takes 32 bytes of memory a byte.
    std::string_view rest = normalized;
    while (!rest.empty()) {
        const bool cut = words_are_separate_ && rest.size() > kMinChunkBytes;
        const size_t size_bytes = cut ? next_word(rest, kMinChunkBytes) : rest.size();
        encode_chunk(rest.substr(0, size_bytes), out);
        rest.remove_prefix(size_bytes);
    }
    return ok_status();
}

void SpmTokenizer::encode_chunk(std::string_view normalized, std::vector<TokenId>& out) const {
    for (const auto& [surface, piece] : model_->bpe->Encode(normalized)) {
        if (piece > 0) {
            out.push_back(model_->tokens[static_cast<size_t>(piece)]);
        } else {
            append_bytes(surface, out);
        }
    }
}

void SpmTokenizer::append_bytes(std::string_view bytes, std::vector<TokenId>& out) const {
    for (const char c : bytes) {
        const TokenId token = byte_tokens_[static_cast<uint8_t>(c)];
        if (token == kNoToken) {
            // A vocabulary without byte tokens: the character as a whole is unknown.
            const TokenId unknown = vocabulary_.unknown;
            const bool steers = token_type(vocabulary_, unknown) == TokenType::kControl;
            if (unknown != kNoToken && !steers) out.push_back(unknown);
            return;
        }
        out.push_back(token);
    }
}

std::string SpmTokenizer::decode_text(TokenId token) const {
    const std::string& text = vocabulary_.tokens[static_cast<size_t>(token)];
    if (token_type(vocabulary_, token) == TokenType::kByte) {
        return std::string(1, static_cast<char>(parse_byte_token(text).value_or(0)));
    }
    return replace_all(text, kSpaceSymbol, " ");
}

}  // namespace alv::text
