#include "base/file.h"

#include <gtest/gtest.h>
#ifndef _WIN32
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#endif

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

namespace alv {
namespace {

namespace fs = std::filesystem;

std::vector<uint8_t> pattern(size_t size) {
    std::vector<uint8_t> bytes(size);
    for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<uint8_t>(i * 7 + i / 251);
    return bytes;
}

// A folder of this test's own, gone when it ends.
class FileTest : public testing::Test {
  protected:
    void SetUp() override {
        const auto* info = testing::UnitTest::GetInstance()->current_test_info();
        folder_ = fs::path(testing::TempDir()) /
                  ("alviss_file_" + std::string(info->name()) + "_" +
                   std::to_string(std::chrono::steady_clock::now().time_since_epoch().count()));
        fs::create_directories(folder_);
    }
    void TearDown() override {
        std::error_code ignored;
        fs::remove_all(folder_, ignored);
    }
    std::string path(const std::string& name) const { return (folder_ / name).string(); }
    std::string write(const std::string& name, const std::vector<uint8_t>& bytes) const {
        std::ofstream out(path(name), std::ios::binary);
        out.write(reinterpret_cast<const char*>(bytes.data()),
                  static_cast<std::streamsize>(bytes.size()));
        EXPECT_TRUE(out.good());
        return path(name);
    }

  private:
    fs::path folder_;
};

void expect_reads_like(const File& file, const std::vector<uint8_t>& bytes) {
    ASSERT_EQ(file.size(), bytes.size());
    const size_t n = bytes.size();
    for (const auto& [offset, size] : std::vector<std::pair<size_t, size_t>>{
             {0, n}, {0, 0}, {n, 0}, {0, 1}, {n - 1, 1}, {n / 3, n / 2}}) {
        const auto read = file.read(offset, size);
        ASSERT_TRUE(read.ok()) << read.status().message();
        ASSERT_EQ(read->bytes.size(), size);
        EXPECT_TRUE(std::equal(read->bytes.begin(), read->bytes.end(),
                               bytes.begin() + static_cast<ptrdiff_t>(offset)));
    }
}

void expect_refuses_out_of_range(const File& file) {
    const uint64_t n = file.size();
    for (const auto& [offset, size] :
         std::vector<std::pair<uint64_t, uint64_t>>{{n, 1},
                                                    {n + 1, 0},
                                                    {0, n + 1},
                                                    {1, n},
                                                    {UINT64_MAX, 1},
                                                    {1, UINT64_MAX},
                                                    {UINT64_MAX, UINT64_MAX},
                                                    {1ULL << 63, 1ULL << 63}}) {
        const auto read = file.read(offset, size);
        ASSERT_FALSE(read.ok());
        EXPECT_EQ(read.status().code(), Code::kIoError);
        EXPECT_NE(read.status().message().find(std::to_string(offset)), std::string::npos);
        EXPECT_NE(read.status().message().find(std::to_string(n)), std::string::npos);
        file.release(offset, size);  // a hint: never more than ignored
    }
}

TEST_F(FileTest, MappedReadsAndRefuses) {
    const auto bytes = pattern(1 << 20);
    const auto file = open_mapped_file(write("a.bin", bytes));
    ASSERT_TRUE(file.ok()) << file.status().message();
    expect_reads_like(**file, bytes);
    expect_refuses_out_of_range(**file);
    EXPECT_TRUE((*file)->read(0, 100)->owned.empty()) << "a mapping is not copied";
}

TEST_F(FileTest, UnicodeAndSpacesInThePath) {
    const auto file = open_mapped_file(write("modèle \xE6\xA8\xA1\xE5\x9E\x8B.gguf", pattern(10)));
    ASSERT_TRUE(file.ok()) << file.status().message();
    EXPECT_EQ((*file)->size(), 10U);
}

TEST_F(FileTest, EachBadPathHasItsOwnMessage) {
    struct Case {
        std::string path;
        Code code;
        std::string word;
    };
    const std::string file = write("file", pattern(3));
    const std::vector<Case> cases{
        {path("missing.gguf"), Code::kNotFound, "missing.gguf"},
        {file + "/inside", Code::kNotFound, "no such file"},
        {path(""), Code::kInvalidArgument, "directory"},
        {write("empty", {}), Code::kCorruptFile, "empty"},
        {"", Code::kInvalidArgument, "path is empty"},
        {file + std::string(1, '\0') + "x", Code::kInvalidArgument, "NUL"},
    };
    for (const Case& c : cases) {
        const auto opened = open_mapped_file(c.path);
        ASSERT_FALSE(opened.ok()) << c.path;
        EXPECT_EQ(opened.status().code(), c.code) << opened.status().message();
        EXPECT_NE(opened.status().message().find(c.word), std::string::npos)
            << opened.status().message();
    }
}

#ifndef _WIN32
TEST_F(FileTest, WhatIsNoRegularFileIsRefusedWithoutWaiting) {
    const std::string fifo = path("fifo");
    ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
    for (const std::string& special : {fifo, std::string("/dev/null")}) {
        const auto opened = open_mapped_file(special);
        ASSERT_FALSE(opened.ok());
        EXPECT_EQ(opened.status().code(), Code::kInvalidArgument);
        EXPECT_NE(opened.status().message().find("not a regular file"), std::string::npos);
    }
}

TEST_F(FileTest, NoPermissionIsSaid) {
    const std::string secret = write("secret", pattern(3));
    ASSERT_EQ(::chmod(secret.c_str(), 0), 0);
    const auto opened = open_mapped_file(secret);
    if (::geteuid() == 0) {
        EXPECT_TRUE(opened.ok()) << "root reads everything";
        return;
    }
    ASSERT_FALSE(opened.ok());
    EXPECT_NE(opened.status().message().find("no permission"), std::string::npos);
}

#ifdef __linux__
size_t resident_pages(const uint8_t* begin, size_t size) {
    std::ifstream smaps("/proc/self/smaps");
    const auto address = reinterpret_cast<uintptr_t>(begin);
    std::string line;
    bool inside = false;
    while (std::getline(smaps, line)) {
        uintptr_t low = 0, high = 0;
        if (std::sscanf(line.c_str(), "%lx-%lx ", &low, &high) == 2) {
            inside = low <= address && address + size <= high;
        }
        size_t kib = 0;
        if (inside && std::sscanf(line.c_str(), "Rss: %zu kB", &kib) == 1) return kib / 4;
    }
    return 0;
}

TEST_F(FileTest, ReleaseDropsThePagesAndKeepsTheBytes) {
    const auto bytes = pattern(4 << 20);
    const auto file = open_mapped_file(write("big.bin", bytes));
    ASSERT_TRUE(file.ok());
    const auto all = (*file)->read(0, bytes.size());
    ASSERT_TRUE(std::equal(bytes.begin(), bytes.end(), all->bytes.begin()));
    EXPECT_GE(resident_pages(all->bytes.data(), bytes.size()), 1000U);
    (*file)->release(0, bytes.size());
    EXPECT_EQ(resident_pages(all->bytes.data(), bytes.size()), 0U);
    EXPECT_TRUE(std::equal(bytes.begin(), bytes.end(), all->bytes.begin()));
    // Only whole pages inside the range go.
    (*file)->release(100, 4096);
    EXPECT_GE(resident_pages(all->bytes.data(), bytes.size()), 1000U);
}

#ifndef __SANITIZE_ADDRESS__  // which needs more address space than the limit leaves
TEST_F(FileTest, WhatCannotBeMappedIsReadOnDemand) {
    constexpr uint64_t kSize = 1ULL << 30;
    const auto bytes = pattern(1000);
    const std::string name = write("sparse.bin", bytes);
    fs::resize_file(name, kSize);
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_AS, &before), 0);
    size_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    rlimit tight = before;
    tight.rlim_cur = pages * static_cast<size_t>(::sysconf(_SC_PAGESIZE)) + kSize / 2;
    ASSERT_EQ(::setrlimit(RLIMIT_AS, &tight), 0);
    const auto file = open_mapped_file(name);
    ASSERT_EQ(::setrlimit(RLIMIT_AS, &before), 0);
    ASSERT_TRUE(file.ok()) << file.status().message();
    EXPECT_EQ((*file)->size(), kSize);
    const auto read = (*file)->read(100, 900);
    ASSERT_TRUE(read.ok()) << read.status().message();
    EXPECT_FALSE(read->owned.empty()) << "it was mapped after all";
    EXPECT_TRUE(std::equal(read->bytes.begin(), read->bytes.end(), bytes.begin() + 100));
    expect_refuses_out_of_range(**file);
    // The file shrinks behind our back: an error here, where a mapping would fault.
    fs::resize_file(name, 500);
    const auto shrunk = (*file)->read(400, 200);
    ASSERT_FALSE(shrunk.ok());
    EXPECT_EQ(shrunk.status().code(), Code::kIoError);
    EXPECT_NE(shrunk.status().message().find("ended early"), std::string::npos);
}
#endif
#endif
#endif

TEST(MemoryFile, ReadsAndRefuses) {
    const auto bytes = pattern(1000);
    const auto file = open_memory_file(bytes);
    expect_reads_like(*file, bytes);
    expect_refuses_out_of_range(*file);
    EXPECT_EQ(file->read(10, 5)->bytes.data(), bytes.data() + 10) << "no copy";
}

TEST(MemoryFile, KeepsItsOwnerAlive) {
    auto bytes = std::make_shared<const std::vector<uint8_t>>(pattern(100));
    const std::weak_ptr<const std::vector<uint8_t>> watch = bytes;
    auto file = open_memory_file(*bytes, bytes);
    bytes.reset();
    EXPECT_FALSE(watch.expired());
    file.reset();
    EXPECT_TRUE(watch.expired());
}

VirtualFileOps ops_over(const std::vector<uint8_t>& bytes) {
    VirtualFileOps ops;
    ops.size_bytes = bytes.size();
    ops.read_at = [&bytes](uint64_t offset, std::span<uint8_t> dst) {
        std::copy_n(bytes.begin() + static_cast<ptrdiff_t>(offset), dst.size(), dst.begin());
        return ok_status();
    };
    return ops;
}

TEST(VirtualFile, ReadsAndRefuses) {
    const auto bytes = pattern(1000);
    const auto file = open_virtual_file(ops_over(bytes));
    expect_reads_like(*file, bytes);
    expect_refuses_out_of_range(*file);
}

TEST(VirtualFile, TheHostsErrorComesUpWithTheRange) {
    const auto bytes = pattern(1000);
    VirtualFileOps ops = ops_over(bytes);
    ops.read_at = [](uint64_t, std::span<uint8_t>) { return io_error("EIO"); };
    const auto read = open_virtual_file(std::move(ops))->read(7, 11);
    ASSERT_FALSE(read.ok());
    EXPECT_EQ(read.status().code(), Code::kIoError);
    for (const char* part : {"EIO", "7", "11"}) {
        EXPECT_NE(read.status().message().find(part), std::string::npos) << part;
    }
}

TEST(VirtualFile, NeverAsksTheHostOutsideTheFile) {
    const auto bytes = pattern(1000);
    VirtualFileOps ops = ops_over(bytes);
    std::atomic<int> calls = 0;
    ops.read_at = [&](uint64_t, std::span<uint8_t>) {
        ++calls;
        return ok_status();
    };
    const auto file = open_virtual_file(std::move(ops));
    expect_refuses_out_of_range(*file);
    EXPECT_TRUE(file->read(0, 0).ok());
    EXPECT_EQ(calls, 0);
}

TEST(VirtualFile, ASizeThatNoMemoryHoldsIsAnError) {
    VirtualFileOps ops;
    ops.size_bytes = UINT64_MAX;
    ops.read_at = [](uint64_t, std::span<uint8_t>) { return ok_status(); };
    const auto read = open_virtual_file(std::move(ops))->read(0, UINT64_MAX);
    ASSERT_FALSE(read.ok());
    EXPECT_EQ(read.status().code(), Code::kOutOfHostMemory);
}

TEST(VirtualFile, WithoutReadAtIsAnError) {
    VirtualFileOps ops;
    ops.size_bytes = 10;
    EXPECT_EQ(open_virtual_file(std::move(ops))->read(0, 1).status().code(),
              Code::kInvalidArgument);
}

TEST(VirtualFile, ClosesOnceByTheLastOwner) {
    const auto bytes = pattern(10);
    int closed = 0;
    VirtualFileOps ops = ops_over(bytes);
    ops.close = [&] { ++closed; };
    auto file = open_virtual_file(std::move(ops));
    auto second = file;
    file.reset();
    EXPECT_EQ(closed, 0);
    second.reset();
    EXPECT_EQ(closed, 1);
}

TEST_F(FileTest, ManyThreadsReadAtOnce) {
    const auto bytes = pattern(1 << 16);
    const auto file = open_mapped_file(write("shared.bin", bytes));
    ASSERT_TRUE(file.ok());
    std::vector<std::thread> threads;
    std::atomic<int> wrong = 0;
    for (size_t t = 0; t < 4; ++t) {
        threads.emplace_back([&, t] {
            for (size_t i = 0; i < 500; ++i) {
                const size_t offset = (i * 131 + t * 977) % (bytes.size() - 512);
                const auto read = (*file)->read(offset, 512);
                if (!read.ok() || !std::equal(read->bytes.begin(), read->bytes.end(),
                                              bytes.begin() + static_cast<ptrdiff_t>(offset))) {
                    ++wrong;
                }
                if (i % 50 == 0) (*file)->release(0, bytes.size());
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace alv
