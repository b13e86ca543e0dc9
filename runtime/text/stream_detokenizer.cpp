#include "base/utf8.h"
#include "text/tokenizer.h"

namespace alv::text {

std::string StreamDetokenizer::push(TokenId token) {
    pending_ += tokenizer_->decode(token, render_special_);
    const size_t ready = pending_.size() - utf8::incomplete_tail(pending_);
    std::string text = utf8::replace_invalid(std::string_view(pending_).substr(0, ready));
    pending_.erase(0, ready);
    return text;
}

std::string StreamDetokenizer::finish() {
    std::string text = utf8::replace_invalid(pending_);
    pending_.clear();
    return text;
}

}  // namespace alv::text
