// An embedder without a model: words are hashed into dimensions, so that texts that share words are
// near each other, on every machine alike.
#pragma once

#include <atomic>
#include <cctype>
#include <cmath>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/engine.h"

namespace alv::knowledge::test {

class FakeEmbedder : public engine::Embedder {
  public:
    explicit FakeEmbedder(uint32_t dim = 64) : dim_(dim) {}
    uint32_t dim() const override { return dim_; }
    uint32_t max_tokens() const override { return 256; }
    Result<uint32_t> count_tokens(std::string_view text) const override {
        uint32_t n = 0;
        for_words(text, [&](uint64_t) { ++n; });
        return n;
    }
    Result<std::shared_ptr<engine::Ticket>> submit(std::vector<std::string> texts,
                                                   Done done) override {
        done(embed(std::move(texts)));
        return std::shared_ptr<engine::Ticket>(std::make_shared<NoTicket>());
    }
    Result<std::vector<float>> embed(std::vector<std::string> texts) override {
        std::vector<float> out;
        for (const std::string& text : texts) {
            ++embedded;
            std::vector<float> vector(dim_, 0.001f);
            for_words(text, [&](uint64_t hash) { vector[hash % dim_] += 1; });
            double sum = 0;
            for (const float x : vector) sum += static_cast<double>(x) * x;
            for (const float x : vector) out.push_back(x / static_cast<float>(std::sqrt(sum)));
        }
        return out;
    }
    std::atomic<uint64_t> embedded = 0;  // texts

  private:
    struct NoTicket : engine::Ticket {
        void cancel() override {}
    };
    template <typename OnWord>
    static void for_words(std::string_view text, OnWord&& on_word) {
        uint64_t hash = 0;
        const auto end = [&] {
            if (hash != 0) on_word(hash ^ hash >> 29);
            hash = 0;
        };
        for (const char c : text) {
            const auto byte = static_cast<unsigned char>(c);
            if (std::isalnum(byte) || byte >= 0x80) {
                if (hash == 0) hash = 0xcbf29ce484222325;
                hash = (hash ^ static_cast<uint64_t>(std::tolower(byte))) * 0x100000001b3;
            } else {
                end();
            }
        }
        end();
    }
    const uint32_t dim_;
};

}  // namespace alv::knowledge::test
