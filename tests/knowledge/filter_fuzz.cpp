// libFuzzer: the bytes are a filter; one that is taken must be SQL that runs.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "knowledge/fake_embedder.h"
#include "knowledge/knowledge.h"

namespace {

using namespace alv::knowledge;

std::shared_ptr<Knowledge> small_base() {
    Options options;  // in memory, by words
    auto opened = Knowledge::open(std::move(options));
    std::vector<Document> documents;
    documents.push_back({"a", "one word", "source", R"({"n": 1, "s": "x", "b": true, "z": null})"});
    documents.push_back({"b", "one more", "", R"({"n": 2.5, "deep": {"n": 1}, "list": [1, "x"]})"});
    documents.push_back({"c", "one too", "", ""});
    if (!opened.ok() || !(*opened)->add(std::move(documents), nullptr).ok()) std::abort();
    return *opened;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static const std::shared_ptr<Knowledge> knowledge = small_base();
    const std::string text(reinterpret_cast<const char*>(data), size);
    if (!parse_filter(text).ok()) return 0;
    const auto hits = knowledge->search({"one", 5, text, Mode::kWords});
    if (hits.ok()) return 0;
    std::fprintf(stderr, "%s\n", hits.status().message().c_str());
    std::abort();
}
