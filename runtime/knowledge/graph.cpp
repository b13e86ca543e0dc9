#include "knowledge/graph.h"

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <usearch/index.hpp>

#include "knowledge/distance.h"

namespace alv::knowledge {
namespace {

namespace us = unum::usearch;
using Index = us::index_gt<float, uint64_t, uint32_t>;

constexpr uint32_t kSearchers = 8;  // searches at a time; one more waits
constexpr uint64_t kHeader = 5 * sizeof(uint64_t);
constexpr uint64_t kNodeHead = sizeof(uint64_t) + sizeof(int16_t);

// 1 - cosine, between what usearch names by iterators, references or, for a query, a pointer.
struct Metric {
    const Vectors* vectors;
    Dot dot;
    const float* of(const float* query) const { return query; }
    template <typename Member>
    const float* of(const Member& member) const {
        return vectors->at(static_cast<uint32_t>(get_slot(member)));
    }
    template <typename A, typename B>
    float operator()(const A& a, const B& b) const {
        return 1.0f - dot(of(a), of(b), vectors->dim());
    }
};

Status failed(const char* what, us::error_t& error) {
    const std::string why = error.what() ? error.what() : "unknown";
    static_cast<void>(error.release());
    return out_of_host_memory(std::string(what) + ": " + why);
}

template <typename T>
T read(std::string_view bytes, uint64_t at) {
    T value;
    std::memcpy(&value, bytes.data() + at, sizeof value);
    return value;
}

Status bad(const char* what) {
    return corrupt_file(std::string("the index of the knowledge file is damaged: ") + what);
}

// Checks all that usearch would follow: levels, counts and slots.
Status check_saved(std::string_view bytes, uint32_t n_vectors, uint32_t links) {
    if (bytes.size() < kHeader) return bad("its header");
    const uint64_t size = read<uint64_t>(bytes, 0);
    const uint64_t max_level = read<uint64_t>(bytes, 24);
    const uint64_t entry = read<uint64_t>(bytes, 32);
    if (size == 0 || size > n_vectors) return bad("its size");
    if (read<uint64_t>(bytes, 8) != links || read<uint64_t>(bytes, 16) != 2 * links) {
        return bad("its connectivity");
    }
    if (max_level > 64 || entry >= size) return bad("its entry");
    uint64_t at = kHeader + size * sizeof(int16_t);
    if (bytes.size() < at) return bad("its levels");
    const auto level_of = [&](uint64_t slot) {
        return read<int16_t>(bytes, kHeader + slot * sizeof(int16_t));
    };
    if (static_cast<uint64_t>(level_of(entry)) != max_level) return bad("its entry's level");
    for (uint64_t slot = 0; slot < size; ++slot) {
        const int16_t level = level_of(slot);
        if (level < 0 || static_cast<uint64_t>(level) > max_level) return bad("a level");
        const uint64_t node_bytes =
            kNodeHead + (1 + 2 * links) * 4 + static_cast<uint64_t>(level) * (1 + links) * 4;
        if (bytes.size() - at < node_bytes) return bad("its length");
        if (read<uint64_t>(bytes, at) != slot) return bad("a key");
        if (read<int16_t>(bytes, at + 8) != level) return bad("a node's level");
        uint64_t list = at + kNodeHead;
        for (int16_t l = 0; l <= level; ++l) {
            const uint32_t room = l == 0 ? 2 * links : links;
            const uint32_t n = read<uint32_t>(bytes, list);
            if (n > room) return bad("a count of links");
            for (uint32_t i = 0; i < n; ++i) {
                const uint32_t to = read<uint32_t>(bytes, list + 4 + 4ull * i);
                if (to >= size || level_of(to) < l) return bad("a link");
            }
            list += 4 + 4ull * room;
        }
        at += node_bytes;
    }
    return at == bytes.size() ? ok_status() : bad("bytes after its end");
}

}  // namespace

struct Graph::Impl {
    const Vectors& vectors;
    const GraphOptions options;
    const Metric metric;
    Index index;
    std::mutex mutex;
    std::condition_variable freed;
    std::vector<uint32_t> searchers;  // that nobody uses now

    Impl(const Vectors& v, GraphOptions o) : vectors(v), options(o), metric{&v, best_dot()} {
        for (uint32_t i = 0; i < kSearchers; ++i) searchers.push_back(i);
    }
    Status reserve(size_t members) {
        us::index_limits_t limits(members, kSearchers);
        if (index.try_reserve(limits)) return ok_status();
        return out_of_host_memory("no memory for an index of " + std::to_string(members) +
                                  " vectors");
    }
    uint32_t take_searcher() {
        std::unique_lock lock(mutex);
        freed.wait(lock, [&] { return !searchers.empty(); });
        const uint32_t searcher = searchers.back();
        searchers.pop_back();
        return searcher;
    }
    void give_searcher(uint32_t searcher) {
        const std::lock_guard lock(mutex);
        searchers.push_back(searcher);
        freed.notify_one();
    }
};

Graph::Graph(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Graph::~Graph() = default;

Result<std::unique_ptr<Graph>> Graph::make(const Vectors& vectors, GraphOptions options) {
    auto impl = std::make_unique<Impl>(vectors, options);
    auto made = Index::make(us::index_config_t(options.links));
    if (!made) return failed("no index could be made", made.error);
    impl->index = std::move(made.index);
    ALV_RETURN_IF_ERROR(impl->reserve(1024));
    return std::unique_ptr<Graph>(new Graph(std::move(impl)));
}

Result<std::unique_ptr<Graph>> Graph::load(const Vectors& vectors, std::string_view bytes,
                                           GraphOptions options) {
    ALV_RETURN_IF_ERROR(check_saved(bytes, vectors.size(), options.links));
    ALV_ASSIGN_OR_RETURN(std::unique_ptr<Graph> graph, make(vectors, options));
    size_t at = 0;
    const auto input = [&](void* to, size_t size) {
        if (bytes.size() - at < size) return false;
        std::memcpy(to, bytes.data() + at, size);
        at += size;
        return true;
    };
    auto loaded = graph->impl_->index.load_from_stream(input);
    if (!loaded) return failed("the index could not be read", loaded.error);
    ALV_RETURN_IF_ERROR(graph->impl_->reserve(graph->size() + 1024));
    return graph;
}

uint32_t Graph::size() const {
    return static_cast<uint32_t>(impl_->index.size());
}

Status Graph::add_next() {
    const uint32_t slot = size();
    if (slot >= impl_->vectors.size()) return internal_error("there is no vector to add");
    if (slot >= impl_->index.capacity()) {
        ALV_RETURN_IF_ERROR(impl_->reserve(static_cast<size_t>(slot) * 2));
    }
    us::index_update_config_t config;
    config.expansion = impl_->options.add_candidates;
    auto added = impl_->index.add(slot, impl_->vectors.at(slot), impl_->metric, config);
    return added ? ok_status() : failed("a vector could not be added to the index", added.error);
}

Result<std::string> Graph::save() const {
    std::string bytes;
    auto saved = impl_->index.save_to_stream([&](const void* from, size_t size) {
        bytes.append(static_cast<const char*>(from), size);
        return true;
    });
    if (!saved) return failed("the index could not be saved", saved.error);
    return bytes;
}

Result<std::vector<Near>> Graph::search(const float* query, uint32_t n,
                                        const std::vector<uint8_t>* allowed) const {
    us::index_search_config_t config;
    config.expansion = std::max(impl_->options.search_candidates, 2 * n);
    config.thread = impl_->take_searcher();
    const auto may = [&](const auto& member) {
        return !allowed || (*allowed)[get_slot(member)] != 0;
    };
    std::vector<Near> out;
    Status status;
    {
        auto found = impl_->index.search(query, n, impl_->metric, config, may);
        if (!found) status = failed("the index could not be searched", found.error);
        for (size_t i = 0; status.ok() && i < found.size(); ++i) {
            const auto match = found.at(i);
            out.push_back({static_cast<uint32_t>(match.member.slot), 1.0f - match.distance});
        }
    }
    impl_->give_searcher(static_cast<uint32_t>(config.thread));
    if (!status.ok()) return status;
    return out;
}

}  // namespace alv::knowledge
