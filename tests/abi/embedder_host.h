// A runtime with a fake encoder and an embedder on it.
#pragma once

#include <alviss/embedder.h>

#include <string>
#include <vector>

#include "abi/host.h"

namespace alv::test {

inline constexpr uint32_t kDim = 8;

class EmbedderHost : public Host {
  public:
    explicit EmbedderHost(uint32_t flags = 0) : Host(flags) {
        world->embedding_dim = kDim;
        with_model();
        Failure failure;
        EXPECT_EQ(alv_embedder_create(model, &embedder, failure.out()), ALV_STATUS_OK)
            << failure.message();
    }
    ~EmbedderHost() { alv_embedder_release(embedder); }

    alv_embedding* start(const std::vector<std::string>& texts,
                         alv_embedding_callback callback = nullptr, void* user_data = nullptr) {
        std::vector<alv_string> list;
        for (const std::string& text : texts) list.push_back(str(text));
        alv_embedding_options options = ALV_EMBEDDING_OPTIONS_INIT;
        options.callback = callback;
        options.user_data = user_data;
        alv_embedding* embedding = nullptr;
        Failure failure;
        EXPECT_EQ(alv_embedder_start(embedder, list.data(), list.size(), &options, &embedding,
                                     failure.out()),
                  ALV_STATUS_OK)
            << failure.message();
        return embedding;
    }

    alv_embedder* embedder = nullptr;
};

}  // namespace alv::test
