// Files and texts as documents, and documents as pieces to split.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace alv::knowledge {

enum class Format : uint32_t { kText = 0, kMarkdown = 1 };

struct Document {
    std::string key;       // names it in its knowledge base
    std::string text;      // UTF-8
    std::string source;    // a path, a title; for people
    std::string metadata;  // a JSON object, or empty
    Format format = Format::kText;
};

constexpr uint64_t kMaxDocumentBytes = 64ull << 20;
constexpr uint64_t kMaxFileBytes = 1ull << 30;
constexpr uint64_t kMaxKeyBytes = 4000;
constexpr uint64_t kMaxMetadataBytes = 32768;

// Names the field that is wrong: UTF-8, sizes, metadata.
Status check_document(const Document& document);

// A stretch of a document with what is added to its metadata.
struct Section {
    std::string_view text;
    std::string heading;   // the nearest; empty: none
    std::string headings;  // "Chapter > Section"
};
// Plain text is one section; in Markdown each heading (#, outside of code) begins one.
std::vector<Section> sections_of(const Document& document);

// `metadata` (a JSON object or empty) with the section's headings in it.
std::string metadata_of(const std::string& metadata, const Section& section);

// .md and .markdown, .jsonl and .ndjson; anything else is text. A line of JSONL is an object with
// "text", perhaps "id" (else the number of the line) and "metadata"; its other plain members become
// metadata, too. Keys are `name` and, in JSONL, `name`#id; the source is `name`.
// Errors: not found, I/O error, invalid argument (names the line), limit exceeded.
Result<std::vector<Document>> read_documents(const std::string& path, const std::string& name,
                                             const std::string& metadata);

bool is_folder(const std::string& path);

// Files with the endings .txt .text .md .markdown .jsonl .ndjson in the folder and those in it,
// with
// '/' between names, sorted. Hidden ones and links are left out.
Result<std::vector<std::string>> list_documents(const std::string& folder);

}  // namespace alv::knowledge
