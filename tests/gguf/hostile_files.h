// The corpus of hostile GGUF files, made by rule. Each class of "Hostile input" that concerns the
// container has its function; each file differs from a valid one in one place.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "gguf/raw_file.h"

namespace alv::gguf::test {

struct HostileFile {
    std::string name;  // "tensor_count = 2^63"
    Bytes bytes;
    std::vector<std::string> words;  // the message must hold one of them: the field at fault
    Code code = Code::kCorruptFile;
};

// Adds to a corpus; the name of the class goes before each file's name.
class Corpus {
  public:
    void begin_class(std::string name) { class_ = std::move(name); }
    void add(const std::string& name, Bytes bytes, std::vector<std::string> words,
             Code code = Code::kCorruptFile) {
        files_.push_back({class_ + ": " + name, std::move(bytes), std::move(words), code});
    }
    void add(const std::string& name, const RawFile& file, std::vector<std::string> words,
             Code code = Code::kCorruptFile) {
        add(name, file.build(), std::move(words), code);
    }
    size_t size() const { return files_.size(); }
    std::vector<HostileFile> take() { return std::move(files_); }

  private:
    std::string class_;
    std::vector<HostileFile> files_;
};

void add_headers(Corpus& corpus);
void add_truncations(Corpus& corpus);
void add_lengths(Corpus& corpus);
void add_texts(Corpus& corpus);
void add_value_types(Corpus& corpus);
void add_alignments(Corpus& corpus);
void add_dims(Corpus& corpus);
void add_tensor_types(Corpus& corpus);
void add_offsets(Corpus& corpus);

std::vector<HostileFile> hostile_files();

}  // namespace alv::gguf::test
