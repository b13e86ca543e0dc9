#include "knowledge/ingest.h"

#include <algorithm>
#include <set>

#include "knowledge/distance.h"
#include "knowledge/sha256.h"

namespace alv::knowledge {
namespace {

constexpr size_t kEmbedAtOnce = 16;   // texts; between batches progress is told and cancel is seen
constexpr size_t kChunksAtOnce = 64;  // a commit
constexpr size_t kDocumentsAtOnce = 64;  // a commit

// All that decides what is stored of a document. Lengths keep the parts apart.
std::string hash_of(const Document& document, const Options& options) {
    std::string all = "1";  // the version of what is hashed
    const auto add = [&](std::string_view part) {
        all += std::to_string(part.size());
        all += ':';
        all += part;
    };
    add(document.source);
    add(document.metadata);
    add(std::to_string(static_cast<uint32_t>(document.format)));
    add(std::to_string(options.split.chunk_size));
    add(std::to_string(options.split.chunk_overlap));
    add(options.split_by_tokens ? "tokens" : "characters");
    for (const std::string& separator : options.split.separators) add(separator);
    add(document.text);
    return sha256(all);
}

}  // namespace

Status Ingest::report() {
    if (!on_progress_ || on_progress_(progress_)) return ok_status();
    return cancelled("adding documents was cancelled; " + std::to_string(progress_.documents) +
                     " are in the knowledge base");
}

Status Ingest::add(Document document) {
    ALV_RETURN_IF_ERROR(check_document(document));
    std::string hash = hash_of(document, knowledge_.options());
    const auto same = [&](const DocumentRow& row) { return row.key == document.key; };
    // Twice in one group: the later one holds.
    if (std::any_of(pending_.begin(), pending_.end(), same)) ALV_RETURN_IF_ERROR(flush());
    progress_.current = document.key;
    std::optional<std::string> have;
    {
        ALV_ASSIGN_OR_RETURN(const Store::Lease db, knowledge_.store_->lease());
        ALV_ASSIGN_OR_RETURN(have, read_hash(*db, document.key));
    }
    if (have == hash) {
        ++progress_.documents;
        ++progress_.unchanged;
        return report();
    }
    ALV_ASSIGN_OR_RETURN(DocumentRow row, split(document, std::move(hash)));
    pending_chunks_ += row.chunks.size();
    pending_.push_back(std::move(row));
    const bool full = pending_chunks_ >= kChunksAtOnce || pending_.size() >= kDocumentsAtOnce;
    return full ? flush() : ok_status();
}

Result<DocumentRow> Ingest::split(const Document& document, std::string hash) {
    const Options& options = knowledge_.options();
    Measure measure = count_characters;
    if (options.split_by_tokens) {
        measure = [&](std::string_view text) { return options.embedder->count_tokens(text); };
    }
    DocumentRow row{document.key, document.source, std::move(hash), {}};
    for (const Section& section : sections_of(document)) {
        ALV_ASSIGN_OR_RETURN(std::vector<std::string> texts,
                             split_text(section.text, options.split, measure));
        const std::string metadata = metadata_of(document.metadata, section);
        for (std::string& text : texts) row.chunks.push_back({std::move(text), metadata, {}});
    }
    return row;
}

Status Ingest::add_file(const std::string& path, const std::string& metadata) {
    ALV_ASSIGN_OR_RETURN(std::vector<Document> documents, read_documents(path, path, metadata));
    expect(documents.size());
    std::set<std::string> keys;
    for (const Document& document : documents) {
        if (keys.insert(document.key).second) continue;
        return invalid_argument(path + " has two documents with the id " + document.key);
    }
    for (Document& document : documents) {
        ALV_RETURN_IF_ERROR(add(std::move(document)));
    }
    std::vector<std::string> stored;
    {
        ALV_ASSIGN_OR_RETURN(const Store::Lease db, knowledge_.store_->lease());
        ALV_ASSIGN_OR_RETURN(stored, keys_of_source(*db, path));
    }
    for (std::string& key : stored) {
        if (!keys.contains(key)) removals_.push_back(std::move(key));
    }
    return ok_status();
}

Status Ingest::prune(const std::string& folder, const std::vector<std::string>& files) {
    const std::string prefix = folder.ends_with('/') ? folder : folder + "/";
    ALV_ASSIGN_OR_RETURN(const Store::Lease db, knowledge_.store_->lease());
    ALV_ASSIGN_OR_RETURN(const std::vector<std::string> sources, sources_under(*db, prefix));
    for (const std::string& source : sources) {
        if (std::binary_search(files.begin(), files.end(), source)) continue;
        ALV_ASSIGN_OR_RETURN(std::vector<std::string> keys, keys_of_source(*db, source));
        removals_.insert(removals_.end(), keys.begin(), keys.end());
    }
    return ok_status();
}

Status Ingest::embed_pending() {
    std::vector<ChunkRow*> chunks;
    for (DocumentRow& row : pending_) {
        for (ChunkRow& chunk : row.chunks) chunks.push_back(&chunk);
    }
    if (!knowledge_.options().embedder) {
        progress_.chunks += chunks.size();
        return report();
    }
    engine::Embedder& embedder = *knowledge_.options().embedder;
    const size_t dim = embedder.dim();
    for (size_t at = 0; at < chunks.size(); at += kEmbedAtOnce) {
        ALV_RETURN_IF_ERROR(report());
        const size_t n = std::min(kEmbedAtOnce, chunks.size() - at);
        std::vector<std::string> texts;
        for (size_t i = 0; i < n; ++i) {
            const std::string& text = chunks[at + i]->text;
            ALV_ASSIGN_OR_RETURN(const uint32_t tokens, embedder.count_tokens(text));
            if (tokens > embedder.max_tokens()) ++progress_.truncated;
            texts.push_back(text);
        }
        ALV_ASSIGN_OR_RETURN(std::vector<float> vectors, embedder.embed(std::move(texts)));
        if (vectors.size() != n * dim) return internal_error("the embedder gave too few numbers");
        for (size_t i = 0; i < n; ++i) {
            float* vector = vectors.data() + i * dim;
            if (!normalize(vector, static_cast<uint32_t>(dim))) {
                return internal_error("the embedder gave a vector without a direction");
            }
            chunks[at + i]->vector.assign(vector, vector + dim);
        }
        progress_.chunks += n;
    }
    return ok_status();
}

Status Ingest::flush() {
    if (pending_.empty() && removals_.empty()) return ok_status();
    ALV_RETURN_IF_ERROR(embed_pending());
    const uint64_t n = pending_.size();
    Change change;
    change.put = std::exchange(pending_, {});
    change.remove = std::exchange(removals_, {});
    pending_chunks_ = 0;
    Applied applied;
    ALV_RETURN_IF_ERROR(knowledge_.commit(std::move(change), applied));
    progress_.documents += n;
    progress_.removed += applied.removed_documents;
    return report();
}

Result<Progress> Ingest::finish() {
    ALV_RETURN_IF_ERROR(flush());
    return progress_;
}

}  // namespace alv::knowledge
