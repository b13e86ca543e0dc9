// Header, strings and arrays, alignment.
#include <algorithm>
#include <utility>

#include "gguf/hostile_files.h"

namespace alv::gguf::test {
namespace {

using namespace std::string_literals;

struct Number {
    std::string name;
    uint64_t value;
};

// Counts and lengths that overflow something somewhere: 2^64 / sizeof for the sizes of what a
// reader may keep an element in, plus one, so that the product wraps to something small.
std::vector<Number> huge_numbers() {
    std::vector<Number> numbers{
        {"2^31", 1ULL << 31},   {"2^32-1", UINT32_MAX},     {"2^32", 1ULL << 32},
        {"2^62", 1ULL << 62},   {"2^63-1", INT64_MAX},      {"2^63", 1ULL << 63},
        {"2^64-1", UINT64_MAX}, {"2^64-8", UINT64_MAX - 7},
    };
    for (const uint64_t size : {2, 4, 8, 14, 16, 24, 32, 33, 40, 64, 72, 80, 96, 104}) {
        numbers.push_back({"past 2^64/" + std::to_string(size), UINT64_MAX / size + 1});
    }
    return numbers;
}

RawFile with_entry(Bytes entry) {
    RawFile file = valid_file();
    file.entries.push_back(std::move(entry));
    return file;
}

// A key whose length says `length`, whatever follows.
Bytes entry_with_key_length(uint64_t length) {
    Bytes entry;
    put(entry, length);
    put_raw(entry, "key");
    put<uint32_t>(entry, 0);
    put<uint8_t>(entry, 1);
    return entry;
}

}  // namespace

void add_headers(Corpus& corpus) {
    corpus.begin_class("header");
    for (const std::string& magic : {"GGML"s, "gguf"s, "GGUf"s, "\0\0\0\0"s, "\xFF\xFF\xFF\xFF"s,
                                     "ggjt"s, "PK\3\4"s, "lmgg"s}) {
        RawFile file = valid_file();
        file.magic = magic;
        corpus.add("magic " + std::to_string(static_cast<uint8_t>(magic[0])) + magic.substr(1),
                   file, {"magic"});
    }
    RawFile swapped = valid_file();
    swapped.magic = "FUGG";
    corpus.add("magic byte-swapped", swapped, {"magic"}, Code::kUnsupported);
    for (const uint32_t version :
         {0U, 1U, 4U, 5U, 100U, 1U << 31, UINT32_MAX, 0x03000000U, 0x02000000U, 0x01000000U}) {
        RawFile file = valid_file();
        file.version = version;
        corpus.add("version " + std::to_string(version), file, {"version"},
                   version == 0 ? Code::kCorruptFile : Code::kUnsupported);
    }
    for (const Number& n : huge_numbers()) {
        RawFile file = valid_file();
        file.tensor_count = n.value;
        corpus.add("tensor_count " + n.name, file, {"tensor_count"});
        file = valid_file();
        file.entry_count = n.value;
        corpus.add("metadata_kv_count " + n.name, file, {"metadata_kv_count"});
    }
    // One more than there is: what follows is read as an entry or a tensor, and cannot be one.
    RawFile file = valid_file();
    file.tensor_count = file.tensors.size() + 1;
    corpus.add("tensor_count one too many", file, {"tensor 4", "tensor_count"});
    file = valid_file();
    file.entry_count = file.entries.size() + 1;
    corpus.add("metadata_kv_count one too many", file, {"metadata", "tensor 0"});
    file = valid_file();
    file.entry_count = file.entries.size() - 1;
    corpus.add("metadata_kv_count one too few", file, {"tensor"});
    corpus.add("empty", Bytes{}, {"magic"});
}

void add_truncations(Corpus& corpus) {
    corpus.begin_class("truncated");
    const RawFile file = valid_file();
    const Bytes header = file.header();
    const Bytes whole = file.build();
    const auto cut = [&](const std::string& name, uint64_t size, const std::string& word) {
        // With little left the counts, which are checked before what they count, no longer fit.
        corpus.add(name, Bytes(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size)),
                   {word, "tensor_count", "metadata_kv_count",
                    word == "array element" ? "array count" : word});
    };
    for (const Field& field : fields_of(header)) {
        const std::string place = field.word + " at " + std::to_string(field.begin);
        if (field.begin > 0) cut("before " + place, field.begin, field.word);
        if (field.end - field.begin > 1) cut("one short in " + place, field.end - 1, field.word);
    }
    cut("after the header", header.size(), "offset");
    cut("data one byte short", whole.size() - 1, "offset");
    cut("data half there", whole.size() - file.data_bytes / 2, "offset");
}

void add_lengths(Corpus& corpus) {
    corpus.begin_class("lengths");
    std::vector<Number> numbers = huge_numbers();
    numbers.push_back({"the file's size", valid_file().build().size()});
    for (const Number& n : numbers) {
        corpus.add("key length " + n.name, with_entry(entry_with_key_length(n.value)), {"key"});

        Bytes value;
        put(value, n.value);
        put_raw(value, "text");
        corpus.add("string length " + n.name, with_entry(raw_entry("x", 8, value)), {"string"});
        corpus.add("array element length " + n.name, with_entry(array_entry("x", 8, 1, value)),
                   {"array element 0"});
        for (const uint32_t type : {0U, 1U, 2U, 3U, 4U, 5U, 6U, 7U, 8U, 10U, 11U, 12U}) {
            corpus.add("array count " + n.name + " of type " + std::to_string(type),
                       with_entry(array_entry("x", type, n.value, Bytes(64))),
                       {type == 8 ? "array count" : "array"});
        }
        RawFile file = valid_file();
        file.tensors.back().name_length = n.value;
        corpus.add("tensor name length " + n.name, file, {"name"});
    }
    // Exactly one more than what is left to the end of the file.
    const auto remaining_plus_one = [&](const std::string& name, const Bytes& before,
                                        const std::string& word) {
        RawFile file;
        Bytes entry = before;
        put<uint64_t>(entry, 17);
        put_raw(entry, "sixteen bytes ok");
        file.entries = {entry};
        corpus.add(name + " remaining+1", file.header(), {word});
    };
    Bytes text_head, element_head;
    put_text(text_head, "x");
    put<uint32_t>(text_head, 8);
    put_text(element_head, "x");
    put<uint32_t>(element_head, 9);
    put<uint32_t>(element_head, 8);
    put<uint64_t>(element_head, 1);
    remaining_plus_one("key length", {}, "key");
    remaining_plus_one("string length", text_head, "string");
    remaining_plus_one("array element length", element_head, "array element 0");
}

void add_texts(Corpus& corpus) {
    corpus.begin_class("texts");
    const std::vector<std::pair<std::string, std::string>> invalid{
        {"FF", "\xFF"},
        {"lone continuation", "a\x80"},
        {"overlong slash", "\xC0\xAF"},
        {"surrogate", "\xED\xA0\x80"},
        {"half a character", "abc\xE2\x82"},
        {"above U+10FFFF", "\xF4\x90\x80\x80"},
    };
    for (const auto& [name, text] : invalid) {
        corpus.add("key " + name, with_entry(scalar_entry<uint8_t>(text, 0, 1)), {"key"});
        corpus.add("string " + name, with_entry(text_entry("x", text)), {"string"});
        Bytes elements;
        put_text(elements, "fine");
        put_text(elements, text);
        corpus.add("array element " + name, with_entry(array_entry("x", 8, 2, elements)),
                   {"array element 1"});
        RawFile file = valid_file();
        file.tensors[1].name = text;
        corpus.add("tensor name " + name, file, {"name"});
    }
    for (const std::string& text : {"\0"s, "a\0b"s, "end\0"s}) {
        const std::string name = "NUL in " + std::to_string(text.size());
        corpus.add("key " + name, with_entry(scalar_entry<uint8_t>(text, 0, 1)), {"key"});
        corpus.add("string " + name, with_entry(text_entry("x", text)), {"string"});
        RawFile file = valid_file();
        file.tensors[2].name = text;
        corpus.add("tensor name " + name, file, {"name"});
    }
    corpus.add("key empty", with_entry(scalar_entry<uint8_t>("", 0, 1)), {"key"});
    corpus.add("key of 65,536 bytes",
               with_entry(scalar_entry<uint8_t>(std::string(65536, 'k'), 0, 1)), {"key"});
    RawFile file = valid_file();
    for (const Bytes& entry : valid_file().entries) {
        corpus.add("key twice " + std::to_string(corpus.size()), with_entry(entry), {"twice"});
    }
    file.tensors[0].name = "";
    corpus.add("tensor name empty", file, {"name"});
    file = valid_file();
    file.tensors[0].name = std::string(256, 'n');
    corpus.add("tensor name of 256 bytes", file, {"name"});
    file = valid_file();
    file.tensors[3].name = file.tensors[0].name;
    corpus.add("tensor name twice", file, {"name is there twice"});
}

void add_value_types(Corpus& corpus) {
    corpus.begin_class("value types");
    for (const uint32_t type : {13U, 14U, 31U, 255U, 256U, 65536U, 1U << 31, UINT32_MAX}) {
        corpus.add("value type " + std::to_string(type), with_entry(raw_entry("x", type, Bytes(8))),
                   {"value type"});
        for (const uint64_t count : {uint64_t{0}, uint64_t{1}, UINT64_MAX}) {
            corpus.add("element type " + std::to_string(type) + " x " + std::to_string(count),
                       with_entry(array_entry("x", type, count, Bytes(8))), {"array element type"});
        }
    }
    for (const uint64_t depth : {2, 3, 64, 10000}) {
        Bytes nested;
        for (uint64_t i = 0; i < depth; ++i) {
            put<uint32_t>(nested, 9);
            put<uint64_t>(nested, 1);
        }
        put<uint32_t>(nested, 0);
        put<uint64_t>(nested, 0);
        corpus.add("arrays nested " + std::to_string(depth), with_entry(raw_entry("x", 9, nested)),
                   {"array"}, Code::kUnsupported);
    }
    corpus.add("empty array of arrays", with_entry(array_entry("x", 9, 0, {})), {"array"},
               Code::kUnsupported);
    corpus.add("2^63 arrays in an array", with_entry(array_entry("x", 9, 1ULL << 63, {})),
               {"array"}, Code::kUnsupported);
    for (const uint8_t value : Bytes{2, 127, 128, 255}) {
        corpus.add("bool " + std::to_string(value),
                   with_entry(scalar_entry<uint8_t>("flag", 7, value)), {"bool"});
    }
}

void add_alignments(Corpus& corpus) {
    corpus.begin_class("alignment");
    const auto with_alignment = [](Bytes entry) {
        RawFile file = valid_file();
        file.entries[1] = std::move(entry);
        return file;
    };
    constexpr std::string_view kKey = "general.alignment";
    for (const uint32_t value : {0U, 1U, 2U, 3U, 4U, 7U, 12U, 24U, 31U, 33U, 48U, 1U << 21,
                                 1U << 31, (1U << 31) + 32, UINT32_MAX}) {
        corpus.add(std::to_string(value), with_alignment(scalar_entry(kKey, 4, value)),
                   {"general.alignment"});
    }
    corpus.add("u8", with_alignment(scalar_entry<uint8_t>(kKey, 0, 32)), {"general.alignment"});
    corpus.add("i8", with_alignment(scalar_entry<int8_t>(kKey, 1, 32)), {"general.alignment"});
    corpus.add("u16", with_alignment(scalar_entry<uint16_t>(kKey, 2, 32)), {"general.alignment"});
    corpus.add("i16", with_alignment(scalar_entry<int16_t>(kKey, 3, 32)), {"general.alignment"});
    corpus.add("i32", with_alignment(scalar_entry<int32_t>(kKey, 5, 32)), {"general.alignment"});
    corpus.add("f32", with_alignment(scalar_entry<float>(kKey, 6, 32)), {"general.alignment"});
    corpus.add("bool", with_alignment(scalar_entry<uint8_t>(kKey, 7, 1)), {"general.alignment"});
    corpus.add("string", with_alignment(text_entry(kKey, "32")), {"general.alignment"});
    corpus.add("u64", with_alignment(scalar_entry<uint64_t>(kKey, 10, 32)), {"general.alignment"});
    corpus.add("i64", with_alignment(scalar_entry<int64_t>(kKey, 11, 32)), {"general.alignment"});
    corpus.add("f64", with_alignment(scalar_entry<double>(kKey, 12, 32)), {"general.alignment"});
    Bytes element;
    put<uint32_t>(element, 32);
    corpus.add("array", with_alignment(array_entry(kKey, 4, 1, element)), {"general.alignment"});
    // A larger alignment than the offsets were made for.
    corpus.add("4096 over offsets of 32", with_alignment(scalar_entry<uint32_t>(kKey, 4, 4096)),
               {"offset"});
}

std::vector<HostileFile> hostile_files() {
    Corpus corpus;
    for (const auto add : {add_headers, add_truncations, add_lengths, add_texts, add_value_types,
                           add_alignments, add_dims, add_tensor_types, add_offsets}) {
        add(corpus);
    }
    return corpus.take();
}

}  // namespace alv::gguf::test
