// Texts to vectors: the forward pass of an encoder as recorded programs, and a run in flight that
// is submitted slice by slice.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/status.h"
#include "model/model.h"

namespace alv::model {

// A run in flight. Destroying it while unfinished abandons it: waits for the submitted slices.
class EncodeStep {
  public:
    virtual ~EncodeStep() = default;
    // Submits the next slice; nothing happens when all are submitted.
    virtual Status submit_slice() = 0;
    virtual bool all_submitted() const = 0;
    // Waits until the submitted slices are done: true; false after timeout_ns.
    virtual Result<bool> wait(uint64_t timeout_ns) = 0;
    // After all slices are submitted and done: dim numbers a text, of length 1. Call once.
    virtual Result<std::vector<float>> result() = 0;
};

// Thread-compatible: one run at a time.
class Encoder {
  public:
    // The model's architecture is an encoder's.
    static Result<std::unique_ptr<Encoder>> create(std::shared_ptr<const Model> model);
    virtual ~Encoder() = default;

    virtual uint32_t dim() const = 0;
    virtual uint32_t max_text_tokens() const = 0;
    // Of one run: texts follow each other as long as they fit.
    virtual uint32_t max_run_tokens() const = 0;
    virtual uint32_t max_run_texts() const = 0;
    // Each text has 1 .. max_text_tokens() tokens, special ones too; copied. A text's vector does
    // not depend on what runs with it.
    virtual Result<std::unique_ptr<EncodeStep>> begin(
        std::span<const std::vector<text::TokenId>> texts) = 0;
};

}  // namespace alv::model
