// One add: documents are split, embedded in small batches, and committed a group at a time.
#pragma once

#include <string>
#include <vector>

#include "knowledge/knowledge.h"

namespace alv::knowledge {

// Thread-compatible.
class Ingest {
  public:
    Ingest(Knowledge& knowledge, const OnProgress& on_progress)
        : knowledge_(knowledge), on_progress_(on_progress) {}

    void expect(uint64_t documents) { progress_.total += documents; }
    Status add(Document document);
    // All documents of a file; those of it that are there but not in it any more are removed.
    Status add_file(const std::string& path, const std::string& metadata);
    // Documents whose source lies in `folder` but is none of `files` (sorted) are removed.
    Status prune(const std::string& folder, const std::vector<std::string>& files);
    // Commits what is left.
    Result<Progress> finish();

  private:
    Status report();
    Result<DocumentRow> split(const Document& document, std::string hash);
    Status embed_pending();
    Status flush();

    Knowledge& knowledge_;
    const OnProgress& on_progress_;
    Progress progress_;
    std::vector<DocumentRow> pending_;
    std::vector<std::string> removals_;
    size_t pending_chunks_ = 0;
};

}  // namespace alv::knowledge
