#include "gguf/header_window.h"

#include <algorithm>
#include <string>
#include <utility>

namespace alv::gguf {
namespace {
constexpr uint64_t kFirstWindow = 64 << 10;
}

HeaderWindow::HeaderWindow(std::shared_ptr<const File> file)
    : file_(std::move(file)), file_size_(file_->size()) {}

Status HeaderWindow::ensure(uint64_t end) {
    return end <= bytes_.size() ? ok_status() : grow(end);
}

Status HeaderWindow::grow(uint64_t end) {
    if (end > kMaxBytes) {
        return limit_exceeded("the header is larger than " + std::to_string(kMaxBytes >> 20) +
                              " MiB");
    }
    const uint64_t have = bytes_.size();
    const uint64_t want =
        std::min({std::max({end, have * 2, kFirstWindow}), file_size_, kMaxBytes});
    ALV_ASSIGN_OR_RETURN(FileBytes part, file_->read(have, want - have));
    if (part.bytes.size() != want - have) return io_error("the file returned a short read");
    if (part.owned.empty() && have == 0) {  // a view into the file: take all of it
        ALV_ASSIGN_OR_RETURN(FileBytes whole, file_->read(0, std::min(file_size_, kMaxBytes)));
        if (whole.owned.empty()) {
            bytes_ = whole.bytes;
            return ok_status();
        }
    }
    owned_.reserve(static_cast<size_t>(want));
    owned_.insert(owned_.end(), part.bytes.begin(), part.bytes.end());
    bytes_ = owned_;
    return ok_status();
}

}  // namespace alv::gguf
