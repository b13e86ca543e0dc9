#include "knowledge/documents.h"

#include <algorithm>
#include <filesystem>

#include "base/file.h"
#include "base/json.h"
#include "base/utf8.h"
#include "knowledge/splitter.h"

namespace alv::knowledge {
namespace {

namespace fs = std::filesystem;
using Json = OrderedJson;

constexpr uint32_t kMaxJsonDepth = 64;
constexpr size_t kMaxFiles = 1'000'000;

fs::path path_of(const std::string& utf8_path) {
    return fs::path(std::u8string(utf8_path.begin(), utf8_path.end()));
}
std::string text_of(const fs::path& path) {
    const std::u8string text = path.generic_u8string();
    return std::string(text.begin(), text.end());
}

bool ends_with(std::string_view name, std::initializer_list<std::string_view> endings) {
    std::string lower(name);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return std::any_of(endings.begin(), endings.end(),
                       [&](std::string_view ending) { return lower.ends_with(ending); });
}
bool is_markdown(std::string_view name) {
    return ends_with(name, {".md", ".markdown"});
}
bool is_json_lines(std::string_view name) {
    return ends_with(name, {".jsonl", ".ndjson"});
}

// Without a byte order mark, lines ended by "\n" alone.
std::string plain_lines(std::string_view bytes) {
    if (bytes.starts_with("\xEF\xBB\xBF")) bytes.remove_prefix(3);
    std::string out;
    out.reserve(bytes.size());
    for (size_t i = 0; i < bytes.size(); ++i) {
        if (bytes[i] == '\r' && i + 1 < bytes.size() && bytes[i + 1] == '\n') continue;
        out += bytes[i];
    }
    return out;
}

Result<std::string> read_text(const std::string& path) {
    std::error_code error;
    const uint64_t size = fs::file_size(path_of(path), error);
    if (!error && size == 0) return std::string();
    ALV_ASSIGN_OR_RETURN(const std::shared_ptr<const File> file, open_mapped_file(path));
    if (file->size() > kMaxFileBytes) return limit_exceeded(path + " has more than 1 GiB");
    ALV_ASSIGN_OR_RETURN(const FileBytes bytes, file->read(0, file->size()));
    const std::string_view view(reinterpret_cast<const char*>(bytes.bytes.data()),
                                bytes.bytes.size());
    if (const size_t valid = utf8::valid_prefix(view); valid != view.size()) {
        return invalid_argument(path + " is not UTF-8 at byte " + std::to_string(valid));
    }
    return plain_lines(view);
}

Result<Json> parse_object(std::string_view text) {
    if (json_depth(text) > kMaxJsonDepth) return limit_exceeded("JSON nested too deep");
    Json json = Json::parse(text, nullptr, false);
    if (!json.is_object()) return invalid_argument("not a JSON object");
    return json;
}

Result<Document> line_document(std::string_view line, size_t number, const std::string& name,
                               const Json& common) {
    ALV_ASSIGN_OR_RETURN(const Json json, parse_object(line));
    const auto text = json.find("text");
    if (text == json.end() || !text->is_string()) {
        return invalid_argument("it has no member \"text\" that is a string");
    }
    Json metadata = common;
    if (const auto own = json.find("metadata"); own != json.end()) {
        if (!own->is_object()) return invalid_argument("its \"metadata\" is no object");
        metadata.update(*own);
    }
    std::string id = std::to_string(number);
    for (const auto& [key, value] : json.items()) {
        if (key == "text" || key == "metadata") continue;
        if (key == "id" && value.is_string()) id = value.get<std::string>();
        if (key == "id" && value.is_number_integer()) id = value.dump();
        if (key != "id" && !value.is_structured()) metadata[key] = value;
    }
    Document out;
    out.key = name + "#" + id;
    out.text = text->get<std::string>();
    out.source = name;
    if (!metadata.empty()) out.metadata = metadata.dump();
    return out;
}

Result<std::vector<Document>> json_lines(std::string_view text, const std::string& name,
                                         const std::string& metadata) {
    Json common = Json::object();
    if (!metadata.empty()) {
        ALV_ASSIGN_OR_RETURN(common, parse_object(metadata));
    }
    std::vector<Document> out;
    size_t number = 0;
    for (size_t at = 0; at < text.size();) {
        const size_t end = std::min(text.find('\n', at), text.size());
        const std::string_view line = strip(text.substr(at, end - at));
        at = end + 1;
        ++number;
        if (line.empty()) continue;
        Result<Document> document = line_document(line, number, name, common);
        if (!document.ok()) {
            return document.status().annotate(name + ", line " + std::to_string(number));
        }
        out.push_back(std::move(*document));
    }
    return out;
}

// The level of an ATX heading and its text; 0: the line is none.
size_t heading_level(std::string_view line, std::string& text) {
    size_t level = 0;
    while (level < line.size() && line[level] == '#') ++level;
    if (level == 0 || level > 6) return 0;
    if (level < line.size() && line[level] != ' ' && line[level] != '\t') return 0;
    std::string_view rest = strip(line.substr(level));
    size_t end = rest.size();
    while (end > 0 && rest[end - 1] == '#') --end;
    if (end < rest.size() && (end == 0 || rest[end - 1] == ' ')) rest = strip(rest.substr(0, end));
    text = rest;
    return level;
}

class MarkdownSections {
  public:
    explicit MarkdownSections(std::string_view text) : text_(text) {}

    std::vector<Section> take() {
        for (size_t at = 0; at < text_.size();) {
            const size_t end = std::min(text_.find('\n', at), text_.size());
            line(text_.substr(at, end - at), at);
            at = end + 1;
        }
        close(text_.size());
        return std::move(out_);
    }

  private:
    void line(std::string_view line, size_t at) {
        const size_t indent = std::min(line.find_first_not_of(' '), line.size());
        if (indent > 3) return;
        line.remove_prefix(indent);
        if (line.starts_with("```") || line.starts_with("~~~")) {
            if (fence_ == 0) {
                fence_ = line[0];
            } else if (fence_ == line[0]) {
                fence_ = 0;
            }
        }
        if (fence_ != 0) return;
        std::string heading;
        const size_t level = heading_level(line, heading);
        if (level == 0) return;
        close(at);
        begin_ = at;
        path_.resize(level);
        path_[level - 1] = std::move(heading);
    }
    void close(size_t end) {
        const std::string_view body = text_.substr(begin_, end - begin_);
        if (strip(body).empty()) return;
        Section section{body, path_.empty() ? "" : path_.back(), ""};
        for (const std::string& name : path_) {
            if (name.empty()) continue;
            if (!section.headings.empty()) section.headings += " > ";
            section.headings += name;
        }
        out_.push_back(std::move(section));
    }

    const std::string_view text_;
    std::vector<Section> out_;
    std::vector<std::string> path_;
    size_t begin_ = 0;
    char fence_ = 0;
};

}  // namespace

Status check_document(const Document& document) {
    if (document.key.empty()) return invalid_argument("the document has no id");
    if (document.key.size() > kMaxKeyBytes || document.source.size() > kMaxKeyBytes) {
        return limit_exceeded("the document's id or source has more than 4000 bytes");
    }
    if (document.text.size() > kMaxDocumentBytes) {
        return limit_exceeded("the document has more than 64 MiB of text");
    }
    if (document.metadata.size() > kMaxMetadataBytes) {
        return limit_exceeded("the document's metadata has more than 32768 bytes");
    }
    for (const std::string* text :
         {&document.key, &document.source, &document.text, &document.metadata}) {
        if (!utf8::is_valid(*text)) return invalid_argument("the document is not UTF-8");
    }
    if (document.metadata.empty()) return ok_status();
    Result<Json> metadata = parse_object(document.metadata);
    return metadata.ok() ? ok_status() : metadata.status().annotate("the document's metadata");
}

std::vector<Section> sections_of(const Document& document) {
    if (document.format == Format::kMarkdown) return MarkdownSections(document.text).take();
    return {{document.text, "", ""}};
}

std::string metadata_of(const std::string& metadata, const Section& section) {
    if (section.headings.empty()) return metadata.empty() ? "{}" : metadata;
    Json json = metadata.empty() ? Json::object() : Json::parse(metadata, nullptr, false);
    if (!json.contains("heading")) json["heading"] = section.heading;
    if (!json.contains("headings")) json["headings"] = section.headings;
    return json.dump();
}

Result<std::vector<Document>> read_documents(const std::string& path, const std::string& name,
                                             const std::string& metadata) {
    ALV_ASSIGN_OR_RETURN(std::string text, read_text(path));
    if (is_json_lines(path)) return json_lines(text, name, metadata);
    Document document{name, std::move(text), name, metadata,
                      is_markdown(path) ? Format::kMarkdown : Format::kText};
    std::vector<Document> out;
    out.push_back(std::move(document));
    return out;
}

bool is_folder(const std::string& path) {
    std::error_code error;
    return fs::is_directory(path_of(path), error);
}

Result<std::vector<std::string>> list_documents(const std::string& folder) {
    std::error_code error;
    const fs::path root = path_of(folder);
    if (!fs::exists(root, error)) return not_found("there is no folder " + folder);
    if (!fs::is_directory(root, error)) return invalid_argument(folder + " is not a folder");
    fs::recursive_directory_iterator at(root, fs::directory_options::skip_permission_denied, error);
    std::vector<std::string> out;
    for (; !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
        const std::string name = text_of(at->path().filename());
        std::error_code ignored;
        if (name.starts_with('.') || at->is_symlink(ignored)) {
            at.disable_recursion_pending();
            continue;
        }
        const bool wanted =
            ends_with(name, {".txt", ".text"}) || is_markdown(name) || is_json_lines(name);
        if (!wanted || !at->is_regular_file(ignored)) continue;
        out.push_back(text_of(at->path()));
        if (out.size() > kMaxFiles) return limit_exceeded(folder + " has more than 1000000 files");
    }
    if (error) return io_error(folder + ": " + error.message());
    std::sort(out.begin(), out.end());
    return out;
}

}  // namespace alv::knowledge
