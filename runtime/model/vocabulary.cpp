#include "model/vocabulary.h"

#include <string>

#include "text/pretokenizer.h"

namespace alv::model {

namespace {

constexpr const char* kPrefix = "tokenizer.ggml.";

std::string key(const char* name) {
    return std::string(kPrefix) + name;
}

// An array that may be missing stays empty.
template <typename T>
Status read_optional(const gguf::Reader& reader, const char* name,
                     Result<std::vector<T>> (gguf::Reader::*get)(std::string_view) const,
                     std::vector<T>& out) {
    if (reader.find(key(name)) == nullptr) return ok_status();
    ALV_ASSIGN_OR_RETURN(out, (reader.*get)(key(name)));
    return ok_status();
}

Status read_id(const gguf::Reader& reader, const char* name, text::TokenId fallback,
               text::TokenId& out) {
    out = fallback;
    if (reader.find(key(name)) == nullptr) return ok_status();
    ALV_ASSIGN_OR_RETURN(const uint64_t id, reader.get_uint(key(name)));
    if (id > INT32_MAX) return corrupt_file(key(name) + " is " + std::to_string(id));
    out = static_cast<text::TokenId>(id);
    return ok_status();
}

Status read_charsmap(const gguf::Reader& reader, std::string& out) {
    if (reader.find(key("precompiled_charsmap")) == nullptr) return ok_status();
    ALV_ASSIGN_OR_RETURN(const std::vector<int64_t> bytes,
                         reader.get_ints(key("precompiled_charsmap")));
    out.reserve(bytes.size());
    for (const int64_t byte : bytes) {
        if (byte < -128 || byte > 255) {
            return corrupt_file(key("precompiled_charsmap") + " holds " + std::to_string(byte));
        }
        out += static_cast<char>(static_cast<uint8_t>(byte));
    }
    return ok_status();
}

// BERT's begin and end have two names each, the second misspelt by those who came first.
Status read_bert_ids(const gguf::Reader& reader, text::Vocabulary& vocabulary) {
    const auto n_tokens = static_cast<text::TokenId>(vocabulary.tokens.size());
    const auto or_none = [&](text::TokenId id) { return id < n_tokens ? id : text::kNoToken; };
    ALV_RETURN_IF_ERROR(read_id(reader, "cls_token_id", or_none(101), vocabulary.bos));
    ALV_RETURN_IF_ERROR(read_id(reader, "bos_token_id", vocabulary.bos, vocabulary.bos));
    ALV_RETURN_IF_ERROR(read_id(reader, "seperator_token_id", or_none(102), vocabulary.eos));
    ALV_RETURN_IF_ERROR(read_id(reader, "eos_token_id", vocabulary.eos, vocabulary.eos));
    ALV_RETURN_IF_ERROR(read_id(reader, "unknown_token_id", or_none(100), vocabulary.unknown));
    ALV_RETURN_IF_ERROR(read_id(reader, "padding_token_id", or_none(0), vocabulary.padding));
    ALV_ASSIGN_OR_RETURN(vocabulary.lowercase, reader.get_bool_or(key("do_lower_case"), true));
    return ok_status();
}

Status read_special_ids(const gguf::Reader& reader, text::Vocabulary& vocabulary) {
    if (vocabulary.model == "bert") return read_bert_ids(reader, vocabulary);
    const bool spm = vocabulary.model == "llama";
    const auto n_tokens = static_cast<text::TokenId>(vocabulary.tokens.size());
    const auto or_none = [&](text::TokenId id) {
        return spm && id < n_tokens ? id : text::kNoToken;
    };
    ALV_RETURN_IF_ERROR(read_id(reader, "bos_token_id", or_none(1), vocabulary.bos));
    ALV_RETURN_IF_ERROR(read_id(reader, "eos_token_id", or_none(2), vocabulary.eos));
    ALV_RETURN_IF_ERROR(read_id(reader, "unknown_token_id", or_none(0), vocabulary.unknown));
    ALV_RETURN_IF_ERROR(read_id(reader, "eot_token_id", text::kNoToken, vocabulary.eot));
    return read_id(reader, "padding_token_id", text::kNoToken, vocabulary.padding);
}

}  // namespace

Result<text::Vocabulary> read_vocabulary(const gguf::Reader& reader) {
    text::Vocabulary vocabulary;
    ALV_ASSIGN_OR_RETURN(vocabulary.model, reader.get_string(key("model")));
    ALV_ASSIGN_OR_RETURN(vocabulary.pre, reader.get_string_or(key("pre"), ""));
    ALV_ASSIGN_OR_RETURN(vocabulary.tokens, reader.get_strings(key("tokens")));
    using gguf::Reader;
    ALV_RETURN_IF_ERROR(read_optional(reader, "scores", &Reader::get_floats, vocabulary.scores));
    ALV_RETURN_IF_ERROR(read_optional(reader, "token_type", &Reader::get_ints, vocabulary.types));
    ALV_RETURN_IF_ERROR(read_optional(reader, "merges", &Reader::get_strings, vocabulary.merges));
    ALV_RETURN_IF_ERROR(read_charsmap(reader, vocabulary.charsmap));
    ALV_RETURN_IF_ERROR(read_special_ids(reader, vocabulary));

    const bool spm = vocabulary.model == "llama";
    const text::PretokenizerRow* row = text::find_pretokenizer(vocabulary.pre);
    const bool adds_bos = spm || (row != nullptr && row->adds_bos);
    ALV_ASSIGN_OR_RETURN(vocabulary.add_bos, reader.get_bool_or(key("add_bos_token"), adds_bos));
    ALV_ASSIGN_OR_RETURN(vocabulary.add_eos, reader.get_bool_or(key("add_eos_token"), false));
    ALV_ASSIGN_OR_RETURN(vocabulary.add_space_prefix,
                         reader.get_bool_or(key("add_space_prefix"), spm));
    ALV_ASSIGN_OR_RETURN(vocabulary.remove_extra_whitespaces,
                         reader.get_bool_or(key("remove_extra_whitespaces"), false));
    return vocabulary;
}

}  // namespace alv::model
