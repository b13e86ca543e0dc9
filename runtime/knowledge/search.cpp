// How a knowledge base is searched: by vectors, by words, and both fused.
#include <algorithm>
#include <map>

#include "knowledge/distance.h"
#include "knowledge/fusion.h"
#include "knowledge/knowledge.h"

namespace alv::knowledge {
namespace {

constexpr uint32_t kMaxK = 1000;

// Only the retriever keeps the knowledge base; what is on its way ends with it.
class KnowledgeRetriever final : public engine::Retriever {
  public:
    KnowledgeRetriever(std::shared_ptr<Knowledge> knowledge, SearchQueue& queue)
        : knowledge_(std::move(knowledge)), queue_(queue) {}

    Result<std::shared_ptr<engine::Ticket>> submit(engine::Query query, Done done) override {
        ALV_ASSIGN_OR_RETURN(const Filter checked, parse_filter(query.filter_json));
        static_cast<void>(checked);
        return queue_.submit(std::move(query), std::move(done));
    }

  private:
    const std::shared_ptr<Knowledge> knowledge_;
    SearchQueue& queue_;
};

Status check_going_on(const std::atomic<bool>* stop) {
    return stop && *stop ? cancelled("the search was cancelled") : ok_status();
}

}  // namespace

engine::Passage to_passage(const Hit& hit) {
    const StoredPassage& from = hit.passage;
    return {from.document + "#" + std::to_string(from.ordinal), from.text, from.metadata,
            from.source, hit.score};
}

std::vector<Fused> fuse(const std::vector<std::vector<int64_t>>& rankings) {
    std::map<int64_t, double> scores;
    for (const std::vector<int64_t>& ranking : rankings) {
        for (size_t rank = 0; rank < ranking.size(); ++rank) {
            scores[ranking[rank]] += 1.0 / (kFusionK + static_cast<double>(rank) + 1.0);
        }
    }
    std::vector<Fused> out;
    for (const auto& [id, score] : scores) out.push_back({id, score});
    std::stable_sort(out.begin(), out.end(),
                     [](const Fused& a, const Fused& b) { return a.score > b.score; });
    return out;
}

Result<Mode> Knowledge::mode_of(const Search& search) const {
    if (options_.embedder) return search.mode;
    if (search.mode != Mode::kVector) return Mode::kWords;
    return invalid_argument(
        "a search by vectors needs an embedder: the knowledge base was opened without one");
}

Result<std::vector<Hit>> Knowledge::search(const Search& search) {
    ALV_ASSIGN_OR_RETURN(const Mode mode, mode_of(search));
    if (mode == Mode::kWords) return this->search(search, {});
    ALV_ASSIGN_OR_RETURN(std::vector<float> vector, options_.embedder->embed({search.text}));
    return this->search(search, std::move(vector));
}

Result<std::vector<Hit>> Knowledge::search(const Search& search, std::vector<float> vector,
                                           const std::atomic<bool>* stop) {
    if (search.k == 0 || search.k > kMaxK) {
        return invalid_argument("k is " + std::to_string(search.k) + ", not 1 to 1000");
    }
    ALV_ASSIGN_OR_RETURN(const Filter filter, parse_filter(search.filter));
    ALV_ASSIGN_OR_RETURN(const Mode mode, mode_of(search));
    const bool by_vector = mode != Mode::kWords;
    const uint32_t dim = store_->model().dim;
    if (by_vector && (vector.size() != dim || !normalize(vector.data(), dim))) {
        return invalid_argument("the vector of the query has no direction, or another size");
    }
    // Both lists go deeper than k: what is second-rate in each can be first-rate together.
    const uint32_t depth = mode == Mode::kHybrid ? std::max(4 * search.k, 50u) : search.k;

    ALV_ASSIGN_OR_RETURN(const Store::Lease db, store_->lease());
    std::optional<Transaction> transaction;
    std::shared_lock lock(index_mutex_, std::defer_lock);
    ALV_RETURN_IF_ERROR(agree(*db, transaction, lock));
    const StopGuard guard(*db, stop);
    std::vector<std::vector<int64_t>> rankings;
    if (by_vector) {
        std::vector<int64_t> allowed;
        if (!filter.sql.empty()) {
            ALV_ASSIGN_OR_RETURN(allowed, matching_chunks(*db, filter));
        }
        ALV_ASSIGN_OR_RETURN(
            const std::vector<NearChunk> near,
            index_->search(vector.data(), depth, filter.sql.empty() ? nullptr : &allowed));
        rankings.emplace_back();
        for (const NearChunk& one : near) rankings.back().push_back(one.chunk);
    }
    ALV_RETURN_IF_ERROR(check_going_on(stop));
    std::vector<WordHit> words;
    if (mode != Mode::kVector) {
        ALV_ASSIGN_OR_RETURN(words, search_words(*db, search.text, depth, filter));
        rankings.emplace_back();
        for (const WordHit& one : words) rankings.back().push_back(one.chunk);
    }
    std::vector<Hit> hits;
    for (const Fused& one : fuse(rankings)) {
        if (hits.size() == search.k) break;
        ALV_RETURN_IF_ERROR(check_going_on(stop));
        Hit hit;
        ALV_ASSIGN_OR_RETURN(hit.passage, read_passage(*db, one.id));
        hit.fused = one.score;
        // By words alone the order is that of `words`.
        hit.score = by_vector ? index_->cosine(vector.data(), one.id) : words[hits.size()].bm25;
        hits.push_back(std::move(hit));
    }
    return hits;
}

Result<std::shared_ptr<engine::Retriever>> Knowledge::retriever() {
    const std::lock_guard lock(queue_mutex_);
    if (!queue_) {
        const auto answer =
            [this](const engine::Query& query, std::vector<float> vector,
                   const std::atomic<bool>& stop) -> Result<std::vector<engine::Passage>> {
            const Search asked{query.text, query.k, query.filter_json, Mode::kHybrid};
            ALV_ASSIGN_OR_RETURN(const std::vector<Hit> hits,
                                 search(asked, std::move(vector), &stop));
            std::vector<engine::Passage> out;
            for (const Hit& hit : hits) out.push_back(to_passage(hit));
            return out;
        };
        ALV_ASSIGN_OR_RETURN(queue_, SearchQueue::start(options_.embedder, answer));
    }
    return std::shared_ptr<engine::Retriever>(
        std::make_shared<KnowledgeRetriever>(shared_from_this(), *queue_));
}

}  // namespace alv::knowledge
