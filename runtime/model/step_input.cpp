// What the host writes of a step before it is submitted.
#include <algorithm>
#include <cstring>
#include <string>

#include "model/decoder_state.h"
#include "shared.h"

namespace alv::model {

namespace {

void write_words(const gpu::BufferView& view, size_t index, std::span<const uint32_t> words) {
    std::memcpy(view.buffer.mapped() + view.offset + index * 4, words.data(), words.size_bytes());
}

Status check_request(const DecoderState& state, const StepRequest& request) {
    if (request.sequence == nullptr) return invalid_argument("a step needs a sequence");
    const size_t n = request.tokens.size();
    if (n == 0 || n > state.sizes.max_tokens) {
        return invalid_argument("a step takes 1 to " + std::to_string(state.sizes.max_tokens) +
                                " tokens, not " + std::to_string(n));
    }
    const auto n_vocab = static_cast<TokenId>(state.model->hparams().n_vocab);
    for (const TokenId token : request.tokens) {
        if (token < 0 || token >= n_vocab) {
            return invalid_argument("token " + std::to_string(token) + " is not in the vocabulary");
        }
    }
    if (request.penalty_tokens.size() > kMaxPenaltyTokens || request.n_top > kMaxTopLogprobs) {
        return invalid_argument("too many penalty tokens or log-probabilities");
    }
    if (!request.allowed.empty() &&
        request.allowed.size() != (state.model->tokenizer().size() + 31) / 32) {
        return invalid_argument("the mask does not fit the vocabulary");
    }
    return ok_status();
}

Status check(const DecoderState& state, std::span<const StepRequest> requests) {
    if (state.step_in_flight) return invalid_state("a step is in flight already");
    if (requests.empty() || requests.size() > state.sizes.max_batch) {
        return invalid_argument("a step has 1 to " + std::to_string(state.sizes.max_batch) +
                                " requests, not " + std::to_string(requests.size()));
    }
    for (size_t i = 0; i < requests.size(); ++i) {
        ALV_RETURN_IF_ERROR(check_request(state, requests[i]));
        if (requests.size() > 1 && requests[i].tokens.size() != 1) {
            return invalid_argument("requests of one step have one token each");
        }
        for (size_t j = 0; j < i; ++j) {
            if (requests[j].sequence == requests[i].sequence) {
                return invalid_argument("two requests of a step have the same sequence");
            }
        }
    }
    return ok_status();
}

shared::Step step_header(const StepRequest& request, uint32_t position) {
    const SamplerParams& sampler = request.sampler;
    shared::Step step{};
    step.n_own = static_cast<uint32_t>(request.tokens.size());
    step.position = position;
    step.n_top = request.n_top;
    step.masked = request.allowed.empty() ? 0 : 1;
    step.top_k = sampler.top_k;
    step.seed_low = static_cast<uint32_t>(sampler.seed);
    step.seed_high = static_cast<uint32_t>(sampler.seed >> 32);
    step.draw = position + step.n_own;
    step.temperature = sampler.temperature;
    step.top_p = sampler.top_p > 0 ? sampler.top_p : 1.0f;
    step.min_p = sampler.min_p;
    step.repeat_penalty = sampler.repeat_penalty > 0 ? sampler.repeat_penalty : 1.0f;
    return step;
}

// Each once, those of the vocabulary.
std::vector<uint32_t> penalty_list(const DecoderState& state, const StepRequest& request) {
    const uint32_t n_vocab =
        std::min(state.model->hparams().n_vocab, state.model->tokenizer().size());
    std::vector<uint32_t> list;
    list.reserve(request.penalty_tokens.size());
    for (const TokenId token : request.penalty_tokens) {
        if (token >= 0 && static_cast<uint32_t>(token) < n_vocab) {
            list.push_back(static_cast<uint32_t>(token));
        }
    }
    std::sort(list.begin(), list.end());
    list.erase(std::unique(list.begin(), list.end()), list.end());
    return list;
}

shared::Step write_row(const DecoderState& state, size_t row, const StepRequest& request) {
    const StepBuffers& buffers = state.buffers;
    const auto& sequence = static_cast<const PagedSequence&>(*request.sequence);
    shared::Step step = step_header(request, sequence.length());
    const std::vector<uint32_t> penalty = penalty_list(state, request);
    step.n_penalty = static_cast<uint32_t>(penalty.size());
    write_words(buffers.penalty, row * shared::kMaxPenalty, penalty);
    step.first_page = static_cast<uint32_t>(row) * state.sizes.max_pages;
    write_words(buffers.pages, step.first_page, sequence.pages());
    const size_t mask_words = (state.model->hparams().n_vocab + 31) / 32;
    write_words(buffers.allowed, row * mask_words,
                request.allowed.first(std::min(request.allowed.size(), mask_words)));
    return step;
}

}  // namespace

Status write_step(DecoderState& state, std::span<const StepRequest> requests) {
    ALV_RETURN_IF_ERROR(check(state, requests));
    for (const StepRequest& request : requests) {
        auto& sequence = static_cast<PagedSequence&>(*request.sequence);
        ALV_RETURN_IF_ERROR(sequence.reserve(static_cast<uint32_t>(request.tokens.size())));
    }
    std::vector<shared::Step> steps(state.sizes.max_batch);
    std::vector<uint32_t> tokens;
    for (size_t row = 0; row < requests.size(); ++row) {
        steps[row] = write_row(state, row, requests[row]);
        for (const TokenId token : requests[row].tokens) {
            tokens.push_back(static_cast<uint32_t>(token));
        }
    }
    steps[0].n_tokens = static_cast<uint32_t>(tokens.size());
    write_words(state.buffers.tokens, 0, tokens);
    const gpu::BufferView& view = state.buffers.step;
    std::memcpy(view.buffer.mapped() + view.offset, steps.data(),
                steps.size() * sizeof(shared::Step));
    return ok_status();
}

}  // namespace alv::model
