// libFuzzer: any bytes are refused with a Status, or accepted with every promise kept. The seeds
// are the valid file and the hostile corpus, written by LLVMFuzzerInitialize where the run expects
// them, so that none lies in git.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>

#include "gguf/exercise.h"
#include "gguf/hostile_files.h"

namespace {

void write_seed(const std::filesystem::path& path, const alv::gguf::test::Bytes& bytes) {
    std::ofstream out(path, std::ios::binary);
    out.write(reinterpret_cast<const char*>(bytes.data()),
              static_cast<std::streamsize>(bytes.size()));
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
    const std::filesystem::path folder = ALV_FUZZ_SEED_DIR;
    std::filesystem::create_directories(folder);
    write_seed(folder / "valid", alv::gguf::test::valid_file().build());
    int number = 0;
    for (const auto& file : alv::gguf::test::hostile_files()) {
        write_seed(folder / std::to_string(number++), file.bytes);
    }
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::span bytes(data, size);
    const alv::Status mapped = alv::gguf::test::exercise(alv::open_memory_file(bytes));

    alv::VirtualFileOps ops;
    ops.size_bytes = size;
    ops.read_at = [bytes](uint64_t offset, std::span<uint8_t> dst) {
        const auto part = bytes.subspan(static_cast<size_t>(offset), dst.size());
        std::copy(part.begin(), part.end(), dst.begin());
        return alv::ok_status();
    };
    const alv::Status read = alv::gguf::test::exercise(alv::open_virtual_file(std::move(ops)));
    if (mapped.code() != read.code()) __builtin_trap();  // the way to the bytes must not matter
    return 0;
}
