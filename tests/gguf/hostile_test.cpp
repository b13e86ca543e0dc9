// Each file of the corpus is refused with the right code, names the field, takes little memory and
// little time, and does so too when it comes through a host's vtable.
#include <gtest/gtest.h>

#include <algorithm>
#include <ctime>
#include <map>
#include <random>
#include <set>
#include <string>

#include "gguf/alloc_counter.h"
#include "gguf/exercise.h"
#include "gguf/hostile_files.h"
#include "gguf/reader.h"

namespace alv::gguf::test {
namespace {

std::shared_ptr<const File> virtual_file(const Bytes& bytes) {
    VirtualFileOps ops;
    ops.size_bytes = bytes.size();
    ops.read_at = [&bytes](uint64_t offset, std::span<uint8_t> dst) {
        std::copy_n(bytes.begin() + static_cast<ptrdiff_t>(offset), dst.size(), dst.begin());
        return ok_status();
    };
    return open_virtual_file(std::move(ops));
}

bool names_one_of(const std::string& message, const std::vector<std::string>& words) {
    return std::any_of(words.begin(), words.end(), [&](const std::string& word) {
        return message.find(word) != std::string::npos;
    });
}

// What opening cost: bytes asked of the allocator, and milliseconds of this process's CPU (the
// wall clock would also count what else the machine does).
struct Cost {
    size_t bytes = 0, largest = 0;
    double cpu_ms = 0;
};

Status open_counted(const std::shared_ptr<const File>& file, Cost& cost) {
    const std::clock_t begin = std::clock();
    const AllocCounter counter;
    auto opened = Reader::open(file);
    Status status = opened.ok() ? ok_status() : opened.status();
    cost.bytes = counter.bytes();
    cost.largest = counter.largest();
    cost.cpu_ms = 1000.0 * static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
    return status;
}

constexpr size_t kMebi = 1 << 20;

void expect_refused(const HostileFile& hostile, const std::shared_ptr<const File>& file,
                    size_t allowed_bytes) {
    Cost cost;
    const Status status = open_counted(file, cost);
    EXPECT_EQ(status.code(), hostile.code) << status.message();
    EXPECT_TRUE(names_one_of(status.message(), hostile.words)) << status.message();
    EXPECT_LE(cost.bytes, allowed_bytes);
    EXPECT_LE(cost.bytes, 64 * kMebi);
    EXPECT_LE(cost.cpu_ms, 2000.0);
}

TEST(HostileGguf, TheValidFileIsAccepted) {
    const Bytes bytes = valid_file().build();
    const Status status = exercise(open_memory_file(bytes));
    EXPECT_TRUE(status.ok()) << status.message();
}

TEST(HostileGguf, TheCorpusIsLargeAndNoTwoFilesAreTheSame) {
    const auto files = hostile_files();
    std::map<std::string, int> classes;
    std::set<std::string> names;
    std::set<std::string> contents;
    for (const HostileFile& file : files) {
        ++classes[file.name.substr(0, file.name.find(':'))];
        EXPECT_TRUE(names.insert(file.name).second) << file.name;
        contents.insert(std::string(file.bytes.begin(), file.bytes.end()));
    }
    for (const auto& [name, count] : classes) {
        RecordProperty(name, count);
        EXPECT_GE(count, 15) << name;
    }
    // Truncations aside: those alone would make any number.
    EXPECT_GE(contents.size() - static_cast<size_t>(classes["truncated"]), 312U);
    RecordProperty("files", static_cast<int>(contents.size()));
}

TEST(HostileGguf, EveryFileIsRefusedByName) {
    for (const HostileFile& hostile : hostile_files()) {
        SCOPED_TRACE(hostile.name);
        expect_refused(hostile, open_memory_file(hostile.bytes),
                       16 * 1024 + 16 * hostile.bytes.size());
    }
}

TEST(HostileGguf, EveryFileIsRefusedByNameThroughAVtable) {
    for (const HostileFile& hostile : hostile_files()) {
        SCOPED_TRACE(hostile.name);
        expect_refused(hostile, virtual_file(hostile.bytes), 16 * 1024 + 20 * hostile.bytes.size());
    }
}

TEST(HostileGguf, EveryTruncationOfTheValidFileIsRefused) {
    const Bytes whole = valid_file().build();
    for (size_t size = 0; size < whole.size(); ++size) {
        const Bytes cut(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size));
        const Status status = exercise(open_memory_file(cut));
        ASSERT_EQ(status.code(), Code::kCorruptFile) << size << ": " << status.message();
    }
}

// Files of some megabytes, where work that grows faster than the file would show.
TEST(HostileGguf, LargeFilesStayWithinTimeAndMemory) {
    std::vector<HostileFile> files;
    RawFile many_keys;
    for (int i = 0; i < 60000; ++i) {
        many_keys.entries.push_back(
            scalar_entry<uint8_t>(std::string(40, 'k') + std::to_string(i % 59999), 0, 1));
    }
    files.push_back({"60,000 keys, the last twice", many_keys.build(), {"twice"}});

    RawFile long_keys;
    for (int i = 0; i < 100; ++i) {
        long_keys.entries.push_back(
            scalar_entry<uint8_t>(std::string(65000, 'k') + std::to_string(i % 99), 0, 1));
    }
    files.push_back({"100 keys of 65,000 equal bytes", long_keys.build(), {"twice"}});

    RawFile many_tensors;
    for (uint64_t i = 0; i < 40000; ++i) {
        many_tensors.tensors.push_back({std::to_string(i) + "t", {32}, 24, i * 32, {}, {}});
    }
    many_tensors.data_bytes = 40000 * 32 - 1;
    files.push_back({"40,000 tensors, one byte short", many_tensors.build(), {"offset"}});

    RawFile many_texts;
    many_texts.entries.push_back(array_entry("x", 8, 500001, Bytes(size_t{500000} * 8)));
    files.push_back({"500,000 empty texts and one more", many_texts.header(), {"array"}});

    RawFile nested;
    Bytes levels;
    for (int i = 0; i < 500000; ++i) {
        put<uint32_t>(levels, 9);
        put<uint64_t>(levels, 1);
    }
    nested.entries.push_back(raw_entry("x", 9, levels));
    files.push_back({"arrays nested 500,000 deep", nested.header(), {"array"}, Code::kUnsupported});

    RawFile too_many_entries;
    too_many_entries.entry_count = 65537;
    too_many_entries.data_bytes = 65537 * 14;
    files.push_back({"more entries than any model",
                     too_many_entries.build(),
                     {"metadata_kv_count"},
                     Code::kLimitExceeded});
    RawFile too_many_tensors;
    too_many_tensors.tensor_count = (1 << 18) + 1;
    too_many_tensors.data_bytes = ((1 << 18) + 1) * 33;
    files.push_back({"more tensors than any model",
                     too_many_tensors.build(),
                     {"tensor_count"},
                     Code::kLimitExceeded});

    for (const HostileFile& hostile : files) {
        SCOPED_TRACE(hostile.name);
        expect_refused(hostile, open_memory_file(hostile.bytes), 8 * hostile.bytes.size() + 65536);
        expect_refused(hostile, virtual_file(hostile.bytes), 12 * hostile.bytes.size() + 65536);
    }
}

// A vtable that claims 2^63 bytes and answers zeros or nines after a real header.
TEST(HostileGguf, AVirtualFileThatClaimsToBeHuge) {
    struct Case {
        RawFile file;
        std::string word;
    };
    std::vector<Case> cases;
    for (const uint64_t count : {uint64_t{1} << 40, uint64_t{1} << 31, uint64_t{1} << 28}) {
        RawFile file;
        file.tensor_count = count;
        cases.push_back({file, "tensor_count"});
        file = {};
        file.entry_count = count;
        cases.push_back({file, "metadata_kv_count"});
        file = {};
        file.entries = {array_entry("x", 0, count, {})};
        cases.push_back({file, "array"});
        Bytes length;
        put(length, count);
        file.entries = {raw_entry("x", 8, length)};
        cases.push_back({file, "string"});
    }
    for (const Case& c : cases) {
        const Bytes header = c.file.header();
        VirtualFileOps ops;
        ops.size_bytes = 1ULL << 63;
        ops.read_at = [&header](uint64_t offset, std::span<uint8_t> dst) {
            for (size_t i = 0; i < dst.size(); ++i) {
                dst[i] = offset + i < header.size() ? header[offset + i] : uint8_t{0};
            }
            return ok_status();
        };
        Cost cost;
        const Status status = open_counted(open_virtual_file(std::move(ops)), cost);
        EXPECT_EQ(status.code(), Code::kLimitExceeded) << status.message();
        EXPECT_NE(status.message().find(c.word), std::string::npos) << status.message();
        EXPECT_LE(cost.bytes, kMebi);
    }
}

// The host's vtable fails at its n-th call, or answers fewer bytes than asked as an error.
TEST(HostileGguf, AReadErrorAtEveryCallComesUp) {
    RawFile file = valid_file();
    Bytes texts;
    for (int i = 0; i < 50000; ++i) put_text(texts, "a token of some length");
    file.entries.push_back(array_entry("tokens", 8, 50000, texts));
    const Bytes bytes = file.build();
    int calls_needed = 0;
    for (int failing = 0;; ++failing) {
        int call = 0;
        VirtualFileOps ops;
        ops.size_bytes = bytes.size();
        ops.read_at = [&](uint64_t offset, std::span<uint8_t> dst) {
            if (call++ == failing) return io_error("EIO");
            std::copy_n(bytes.begin() + static_cast<ptrdiff_t>(offset), dst.size(), dst.begin());
            return ok_status();
        };
        const auto opened = Reader::open(open_virtual_file(std::move(ops)));
        if (opened.ok()) {
            calls_needed = failing;
            break;
        }
        ASSERT_EQ(opened.status().code(), Code::kIoError) << opened.status().message();
        ASSERT_NE(opened.status().message().find("EIO"), std::string::npos);
    }
    // 1.5 MB in windows that double from 64 KiB: not one call a field.
    EXPECT_GE(calls_needed, 3);
    EXPECT_LE(calls_needed, 8);
}

// Random damage: whatever is still accepted must keep every promise (exercise() aborts otherwise).
TEST(HostileGguf, RandomDamageIsRefusedOrHarmless) {
    const Bytes valid = valid_file().build();
    const size_t header_size = valid_file().header().size();
    std::mt19937_64 random(20260101);
    const uint64_t edges[] = {0,          1,          7,          31,         32,
                              255,        65536,      1ULL << 31, UINT32_MAX, 1ULL << 32,
                              1ULL << 61, 1ULL << 63, UINT64_MAX};
    int accepted = 0;
    for (int round = 0; round < 30000; ++round) {
        Bytes bytes = valid;
        for (uint64_t n = random() % 4 + 1; n > 0; --n) {
            const size_t at = random() % header_size;
            switch (random() % 4) {
                case 0:
                    bytes[at] = static_cast<uint8_t>(random());
                    break;
                case 1:
                    bytes[at] ^= static_cast<uint8_t>(1U << (random() % 8));
                    break;
                case 2: {
                    const uint64_t edge = edges[random() % std::size(edges)];
                    std::memcpy(&bytes[at], &edge, random() % 2 == 0 ? 4 : 8);
                    break;
                }
                default: {  // a piece of the file over another
                    const size_t from = random() % header_size;
                    const size_t size = random() % 40;
                    std::memmove(&bytes[at], &bytes[from], size);
                    break;
                }
            }
        }
        if (exercise(open_memory_file(bytes)).ok()) ++accepted;
    }
    EXPECT_GT(accepted, 100) << "the damage reaches no values, only structure";
}

}  // namespace
}  // namespace alv::gguf::test
