#include "local/fakes.h"

#include <algorithm>
#include <cstdlib>
#include <thread>

#include "gguf/writer.h"
#include "local/prompt.h"

namespace alv::local::test {

class FakeWorld::Use {
  public:
    explicit Use(FakeWorld& world) : world_(world) {
        if (world_.users_.fetch_add(1) != 0) ++world_.broken_rules;
    }
    ~Use() { --world_.users_; }

  private:
    FakeWorld& world_;
};

std::vector<FakeWorld::StepNote> FakeWorld::steps() const {
    const std::lock_guard lock(mutex_);
    return steps_;
}

void FakeWorld::note(StepNote step) {
    const std::lock_guard lock(mutex_);
    steps_.push_back(std::move(step));
}

namespace {

constexpr uint32_t kFakeTextTokens = 32;

text::Vocabulary byte_vocabulary() {
    text::Vocabulary vocabulary;
    vocabulary.model = "fake";
    for (int i = 0; i < 256; ++i) vocabulary.tokens.emplace_back(1, static_cast<char>(i));
    vocabulary.tokens.insert(vocabulary.tokens.end(),
                             {"<s>", "</s>", "<|im_start|>", "<|im_end|>"});
    vocabulary.bos = kBos;
    vocabulary.eos = kEos;
    vocabulary.eot = kImEnd;
    return vocabulary;
}

class ByteTokenizer : public text::Tokenizer {
  public:
    ByteTokenizer() : Tokenizer(byte_vocabulary()) { end_tokens_ = {kEos, kImEnd}; }

    Status encode(std::span<const text::TextPart> parts, std::vector<TokenId>& out) const override {
        for (const text::TextPart& part : parts) encode_part(part, out);
        return ok_status();
    }
    std::string decode(TokenId token, bool render_special) const override {
        if (token >= 256 && !render_special) return {};
        return vocabulary_.tokens[static_cast<size_t>(token)];
    }

  private:
    void encode_part(const text::TextPart& part, std::vector<TokenId>& out) const {
        for (size_t i = 0; i < part.text.size();) {
            size_t taken = 1;
            TokenId token = static_cast<unsigned char>(part.text[i]);
            for (TokenId special = kBos; part.parse_special && special <= kImEnd; ++special) {
                const std::string& name = vocabulary_.tokens[static_cast<size_t>(special)];
                if (part.text.substr(i, name.size()) != name) continue;
                token = special;
                taken = name.size();
            }
            out.push_back(token);
            i += taken;
        }
    }
};

struct FakePool {
    uint32_t n_tokens;
    uint32_t taken = 0;
};

class FakeSequence : public model::Sequence {
  public:
    FakeSequence(std::shared_ptr<FakeWorld> world, std::shared_ptr<FakePool> pool, uint32_t most)
        : max_tokens(most), world_(std::move(world)), pool_(std::move(pool)) {
        ++world_->live_sequences;
    }
    ~FakeSequence() override {
        const FakeWorld::Use use(*world_);
        if (in_step) ++world_->broken_rules;
        pool_->taken -= pages;
        --world_->live_sequences;
    }
    uint32_t length() const override { return static_cast<uint32_t>(tokens.size()); }
    void truncate(uint32_t length) override {
        const FakeWorld::Use use(*world_);
        if (in_step) ++world_->broken_rules;
        tokens.resize(std::min<size_t>(tokens.size(), length));
        settle();
    }
    bool reserve(uint32_t length) {
        const uint32_t wanted = (length + 31) / 32 * 32;
        if (wanted <= pages) return true;
        if (pool_->taken + wanted - pages > pool_->n_tokens) return false;
        pool_->taken += wanted - pages;
        pages = wanted;
        return true;
    }
    void settle() {
        const uint32_t wanted = (length() + 31) / 32 * 32;
        pool_->taken -= pages - wanted;
        pages = wanted;
    }

    const uint32_t max_tokens;
    std::vector<TokenId> tokens;
    uint32_t pages = 0;  // in tokens
    bool in_step = false;

  private:
    std::shared_ptr<FakeWorld> world_;
    std::shared_ptr<FakePool> pool_;
};

TokenId next_token(const FakeWorld& world, std::span<const TokenId> context,
                   const model::SamplerParams& sampler) {
    if (world.next) return world.next(context, sampler);
    uint64_t hash = 1469598103934665603u ^ (sampler.temperature > 0 ? sampler.seed + 1 : 0);
    for (const TokenId token : context)
        hash = (hash ^ static_cast<uint64_t>(token)) * 1099511628211u;
    return static_cast<TokenId>('a' + hash % 26);
}

// `wanted` if the mask lets it, else one of those that it lets, by a hash of how long the text is.
TokenId masked(std::span<const uint32_t> mask, TokenId wanted, size_t length) {
    if (mask.empty()) return wanted;
    std::vector<TokenId> allowed;
    for (TokenId token = 0; token < static_cast<TokenId>(kVocab); ++token) {
        const auto bit = static_cast<uint32_t>(token);
        if ((mask[bit / 32] >> bit % 32 & 1u) != 0) allowed.push_back(token);
    }
    if (std::find(allowed.begin(), allowed.end(), wanted) != allowed.end()) return wanted;
    if (allowed.empty()) return text::kNoToken;
    return allowed[(length * 2654435761u >> 7) % allowed.size()];
}

class FakeStep : public model::Step {
  public:
    FakeStep(std::shared_ptr<FakeWorld> world, std::span<const model::StepRequest> requests,
             std::atomic<bool>& busy)
        : world_(std::move(world)), busy_(busy) {
        size_t n_tokens = 0;
        for (const model::StepRequest& request : requests) {
            rows_.push_back({static_cast<FakeSequence*>(request.sequence),
                             {request.tokens.begin(), request.tokens.end()},
                             request.sample,
                             request.sampler,
                             request.n_top,
                             {request.allowed.begin(), request.allowed.end()}});
            rows_.back().sequence->in_step = true;
            n_tokens += request.tokens.size();
        }
        n_slices_ =
            (static_cast<uint32_t>(n_tokens) + world_->slice_tokens - 1) / world_->slice_tokens;
    }
    ~FakeStep() override {
        const FakeWorld::Use use(*world_);
        for (const Row& row : rows_) {
            if (!row.sequence) continue;
            row.sequence->in_step = false;
            if (!finished_) row.sequence->settle();
        }
        busy_ = false;
    }
    Status submit_slice() override {
        const FakeWorld::Use use(*world_);
        if (world_->lost) return device_lost("the fake device was lost");
        if (submitted_ == n_slices_) return ok_status();
        ++submitted_;
        ++world_->slices_submitted;
        ready_ = std::max(ready_, std::chrono::steady_clock::now()) + world_->slice_time;
        return ok_status();
    }
    bool all_submitted() const override { return submitted_ == n_slices_; }
    Result<bool> wait(uint64_t timeout_ns) override {
        const FakeWorld::Use use(*world_);
        if (world_->lost) return device_lost("the fake device was lost");
        const auto now = std::chrono::steady_clock::now();
        const auto nap = std::chrono::nanoseconds(std::min<uint64_t>(timeout_ns, 1'000'000'000));
        if (ready_ > now + nap) {
            std::this_thread::sleep_for(nap);
            return false;
        }
        std::this_thread::sleep_until(ready_);
        return true;
    }
    Result<std::vector<model::StepResult>> results() override {
        const FakeWorld::Use use(*world_);
        if (!all_submitted() || finished_) ++world_->broken_rules;
        finished_ = true;
        std::vector<model::StepResult> results;
        for (const Row& row : rows_) results.push_back(result_of(row));
        return results;
    }
    void drop(uint32_t request) override {
        rows_[request].sequence->in_step = false;
        rows_[request].sequence->settle();
        rows_[request].sequence = nullptr;
    }

  private:
    struct Row {
        FakeSequence* sequence;
        std::vector<TokenId> tokens;
        bool sample;
        model::SamplerParams sampler;
        uint32_t n_top;
        std::vector<uint32_t> mask;
    };

    model::StepResult result_of(const Row& row) const {
        model::StepResult result;
        if (!row.sequence) return result;
        std::vector<TokenId>& all = row.sequence->tokens;
        all.insert(all.end(), row.tokens.begin(), row.tokens.end());
        if (!row.sample) return result;
        result.token = masked(row.mask, next_token(*world_, all, row.sampler), all.size());
        result.logprob = -0.5f;
        for (uint32_t i = 0; i < row.n_top; ++i) {
            result.top.emplace_back(static_cast<TokenId>(i), -static_cast<float>(i));
        }
        return result;
    }

    std::shared_ptr<FakeWorld> world_;
    std::vector<Row> rows_;
    std::atomic<bool>& busy_;
    uint32_t n_slices_ = 0;
    uint32_t submitted_ = 0;
    bool finished_ = false;
    std::chrono::steady_clock::time_point ready_{};
};

class FakeDecoder : public model::Decoder {
  public:
    explicit FakeDecoder(std::shared_ptr<FakeWorld> world)
        : world_(std::move(world)), pool_(std::make_shared<FakePool>()) {
        pool_->n_tokens = world_->pool_tokens;
        ++world_->live_decoders;
    }
    ~FakeDecoder() override {
        const FakeWorld::Use use(*world_);
        if (pool_->taken != 0 || busy_) ++world_->broken_rules;  // sequences go first
        --world_->live_decoders;
    }
    const model::Model& model() const override { std::abort(); }
    uint32_t max_step_tokens() const override { return world_->step_tokens; }
    uint32_t kv_tokens_free() const override { return pool_->n_tokens - pool_->taken; }
    Result<std::unique_ptr<model::Sequence>> create_sequence(uint32_t max_tokens) override {
        if (max_tokens == 0 || max_tokens > pool_->n_tokens) return limit_exceeded("over the pool");
        return std::unique_ptr<model::Sequence>(
            std::make_unique<FakeSequence>(world_, pool_, max_tokens));
    }
    uint32_t max_batch() const override { return world_->batch; }
    uint32_t max_draft() const override { return world_->draft; }
    uint32_t least_batch() const override { return world_->least_batch; }
    Result<std::unique_ptr<model::Step>> begin_batch(
        std::span<const model::StepRequest> requests) override {
        const FakeWorld::Use use(*world_);
        if (world_->lost) return device_lost("the fake device was lost");
        if (busy_ || requests.empty() || requests.size() > max_batch()) ++world_->broken_rules;
        const bool draft = requests.size() > 1 && requests[0].sequence == requests[1].sequence;
        if (draft && requests.size() > 1 + max_draft()) ++world_->broken_rules;
        for (uint32_t i = 0; i < requests.size(); ++i) {
            ALV_RETURN_IF_ERROR(reserve(requests[i], draft ? i : 0));
        }
        for (const model::StepRequest& request : requests) {
            const bool alone = requests.size() == 1;
            if (!alone && request.tokens.size() != 1) ++world_->broken_rules;
            world_->note({request.sequence,
                          request.sequence->length(),
                          static_cast<uint32_t>(request.tokens.size()),
                          request.sample,
                          {request.penalty_tokens.begin(), request.penalty_tokens.end()},
                          static_cast<uint32_t>(requests.size())});
        }
        busy_ = true;
        return std::unique_ptr<model::Step>(std::make_unique<FakeStep>(world_, requests, busy_));
    }
    Result<std::vector<float>> score(model::Sequence&, std::span<const TokenId>,
                                     uint32_t) override {
        return unsupported("the fake does not score");
    }
    Result<std::vector<gpu::OpTime>> profile(bool) const override {
        return std::vector<gpu::OpTime>();
    }

  private:
    Status reserve(const model::StepRequest& request, uint32_t ahead) {
        if (world_->begin_fault) ALV_RETURN_IF_ERROR(world_->begin_fault(request));
        auto& sequence = static_cast<FakeSequence&>(*request.sequence);
        const uint32_t after =
            sequence.length() + ahead + static_cast<uint32_t>(request.tokens.size());
        if (request.tokens.empty() || request.tokens.size() > max_step_tokens()) {
            ++world_->broken_rules;
        }
        if (after > sequence.max_tokens) return limit_exceeded("sequence full");
        return sequence.reserve(after) ? ok_status() : out_of_device_memory("no free page");
    }

    std::shared_ptr<FakeWorld> world_;
    std::shared_ptr<FakePool> pool_;
    std::atomic<bool> busy_{false};
};

std::vector<float> vector_of(std::span<const TokenId> tokens, uint32_t dim) {
    std::vector<float> vector(dim, 1.0f);
    for (size_t i = 0; i < tokens.size(); ++i) {
        vector[i % dim] += static_cast<float>(tokens[i]) * static_cast<float>(i + 1);
    }
    return vector;
}

class FakeRun : public model::EncodeStep {
  public:
    FakeRun(std::shared_ptr<FakeWorld> world, std::span<const std::vector<TokenId>> texts,
            uint32_t dim, std::atomic<bool>& busy)
        : world_(std::move(world)), texts_(texts.begin(), texts.end()), dim_(dim), busy_(busy) {
        size_t n_tokens = 0;
        for (const auto& text : texts_) n_tokens += text.size();
        n_slices_ =
            (static_cast<uint32_t>(n_tokens) + world_->slice_tokens - 1) / world_->slice_tokens;
        ++world_->runs;
    }
    ~FakeRun() override {
        const FakeWorld::Use use(*world_);
        busy_ = false;
    }
    Status submit_slice() override {
        const FakeWorld::Use use(*world_);
        if (world_->lost) return device_lost("the fake device was lost");
        ++submitted_;
        ++world_->slices_submitted;
        world_->note({nullptr, 0, world_->slice_tokens, false, {}, 1});
        std::this_thread::sleep_for(world_->slice_time);
        return ok_status();
    }
    bool all_submitted() const override { return submitted_ == n_slices_; }
    Result<bool> wait(uint64_t) override {
        const FakeWorld::Use use(*world_);
        if (world_->lost) return device_lost("the fake device was lost");
        return true;
    }
    Result<std::vector<float>> result() override {
        const FakeWorld::Use use(*world_);
        if (!all_submitted()) ++world_->broken_rules;
        std::vector<float> out;
        for (const auto& text : texts_) {
            const std::vector<float> vector = vector_of(text, dim_);
            out.insert(out.end(), vector.begin(), vector.end());
        }
        return out;
    }

  private:
    std::shared_ptr<FakeWorld> world_;
    std::vector<std::vector<TokenId>> texts_;
    uint32_t dim_;
    std::atomic<bool>& busy_;
    uint32_t n_slices_ = 0;
    uint32_t submitted_ = 0;
};

class FakeEncoder : public model::Encoder {
  public:
    explicit FakeEncoder(std::shared_ptr<FakeWorld> world)
        : world_(std::move(world)), dim_(world_->embedding_dim) {
        ++world_->live_encoders;
    }
    ~FakeEncoder() override {
        const FakeWorld::Use use(*world_);
        if (busy_) ++world_->broken_rules;  // runs go first
        --world_->live_encoders;
    }
    uint32_t dim() const override { return dim_; }
    uint32_t max_text_tokens() const override { return kFakeTextTokens; }
    uint32_t max_run_tokens() const override { return 2 * kFakeTextTokens; }
    uint32_t max_run_texts() const override { return 4; }
    Result<std::unique_ptr<model::EncodeStep>> begin(
        std::span<const std::vector<TokenId>> texts) override {
        const FakeWorld::Use use(*world_);
        if (world_->lost) return device_lost("the fake device was lost");
        size_t n_tokens = 0;
        for (const auto& text : texts) {
            if (text.empty() || text.size() > max_text_tokens()) ++world_->broken_rules;
            n_tokens += text.size();
        }
        if (texts.empty() || texts.size() > 4 || n_tokens > max_run_tokens() || busy_) {
            ++world_->broken_rules;
        }
        busy_ = true;
        return std::unique_ptr<model::EncodeStep>(
            std::make_unique<FakeRun>(world_, texts, dim_, busy_));
    }

  private:
    std::shared_ptr<FakeWorld> world_;
    uint32_t dim_;
    std::atomic<bool> busy_{false};
};

class FakeBackend : public Backend {
  public:
    explicit FakeBackend(std::shared_ptr<FakeWorld> world) : world_(std::move(world)) {}

    Result<std::shared_ptr<gpu::Device>> create_device(const gpu::DeviceOptions&,
                                                       std::shared_ptr<const Log>) override {
        if (world_->device_fault) ALV_RETURN_IF_ERROR(world_->device_fault());
        ++world_->devices_made;
        world_->lost = false;
        return world_->device;
    }
    Status test_kernels(gpu::Device&) override { return ok_status(); }
    Result<Loaded> load(const LoadSource& source, std::shared_ptr<gpu::Device>,
                        const LoadProgress& progress) override {
        for (uint32_t unit = 0; unit < world_->load_units; ++unit) {
            {
                const FakeWorld::Use use(*world_);
                if (world_->load_fault) ALV_RETURN_IF_ERROR(world_->load_fault(unit));
                std::this_thread::sleep_for(world_->load_unit_time);
            }
            if (!progress(model::LoadStage::kWeights, unit + 1, world_->load_units)) {
                return cancelled("the load was cancelled");
            }
        }
        ++world_->live_texts;
        const std::shared_ptr<TextSide> side(new TextSide, [world = world_](TextSide* gone) {
            --world->live_texts;
            delete gone;
        });
        side->tokenizer = byte_tokenizer();
        ALV_RETURN_IF_ERROR(set_chat_template(*side, world_->chat_template));
        side->facts.architecture = "fake";
        side->facts.train_context = world_->context;
        Loaded loaded;
        if (!source.tokenizer_only && world_->embedding_dim != 0) {
            side->facts.embedding_dim = world_->embedding_dim;
            side->facts.max_tokens = kFakeTextTokens;
            loaded.encoder = std::make_unique<FakeEncoder>(world_);
        } else if (!source.tokenizer_only) {
            side->facts.kv_tokens = world_->pool_tokens;
            loaded.decoder = std::make_unique<FakeDecoder>(world_);
        }
        loaded.text = side;
        return loaded;
    }

  private:
    std::shared_ptr<FakeWorld> world_;
};

}  // namespace

std::shared_ptr<const text::Tokenizer> byte_tokenizer() {
    return std::make_shared<ByteTokenizer>();
}

std::shared_ptr<Backend> fake_backend(std::shared_ptr<FakeWorld> world) {
    return std::make_shared<FakeBackend>(std::move(world));
}

std::vector<TokenId> expected_tokens(const FakeWorld& world, std::vector<TokenId> prompt,
                                     uint32_t n, const model::SamplerParams& sampler) {
    std::vector<TokenId> reply;
    while (reply.size() < n) {
        reply.push_back(next_token(world, prompt, sampler));
        prompt.push_back(reply.back());
    }
    return reply;
}

std::vector<float> expected_vector(const std::string& text, uint32_t dim) {
    std::vector<TokenId> tokens = {kBos};
    for (const TokenId token : to_tokens(text)) tokens.push_back(token);
    if (tokens.size() > kFakeTextTokens - 1) tokens.resize(kFakeTextTokens - 1);
    tokens.push_back(kEos);
    return vector_of(tokens, dim);
}

std::string to_text(std::span<const TokenId> tokens) {
    std::string text;
    for (const TokenId token : tokens) {
        if (token < 256) text += static_cast<char>(token);
    }
    return text;
}

std::vector<TokenId> to_tokens(const std::string& text) {
    std::vector<TokenId> tokens;
    for (const char c : text) tokens.push_back(static_cast<unsigned char>(c));
    return tokens;
}

std::vector<uint8_t> fake_gguf() {
    gguf::Writer writer;
    writer.add_string("general.architecture", "fake");
    writer.add_string("general.name", "A \"fake\"");
    writer.add_uint32("fake.block_count", 3);
    writer.add_float32("fake.epsilon", 0.5f);
    writer.add_bool("fake.flag", true);
    writer.add_int32("fake.offset", -7);
    const std::vector<std::string> words = {"a", "b\n", "c"};
    writer.add_strings("fake.words", words);
    writer.add_tensor("token_embd.weight", DType::kF32, {4, 2}, std::vector<uint8_t>(32, 0));
    return writer.build().value();
}

}  // namespace alv::local::test
