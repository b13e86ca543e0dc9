// The three ways to name a file, and the host's own.
#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "abi/host.h"

namespace alv::test {
namespace {

struct HostFile {
    std::vector<uint8_t> bytes = local::test::fake_gguf();
    std::atomic<int> closed{0};
    alv_status fail_with = ALV_STATUS_OK;
    bool throws = false;

    static alv_status read(void* user_data, uint64_t offset, void* dst, uint64_t size) {
        auto* self = static_cast<HostFile*>(user_data);
        if (self->throws) throw std::runtime_error("the archive is gone");
        if (self->fail_with != ALV_STATUS_OK) return self->fail_with;
        EXPECT_LE(offset + size, self->bytes.size());
        std::memcpy(dst, self->bytes.data() + offset, size);
        return ALV_STATUS_OK;
    }
    static void close(void* user_data) { ++static_cast<HostFile*>(user_data)->closed; }

    alv_file abi() {
        alv_file file = ALV_FILE_INIT;
        file.size_bytes = bytes.size();
        file.user_data = this;
        file.read = read;
        file.close = close;
        return file;
    }
};

alv_status open(const alv_file& file, alv_gguf** out, std::string* message = nullptr) {
    alv_model_options options = ALV_MODEL_OPTIONS_INIT;
    options.file = &file;
    Failure failure;
    const alv_status status = alv_gguf_open(&options, out, failure.out());
    if (message) *message = failure.message();
    return status;
}

TEST(File, OfTheHostIsReadAndClosedOnce) {
    HostFile mine;
    alv_gguf* gguf = nullptr;
    ASSERT_EQ(open(mine.abi(), &gguf), ALV_STATUS_OK);
    EXPECT_EQ(mine.closed, 0);
    EXPECT_EQ(alv_gguf_tensor_count(gguf), 1u);
    alv_gguf_release(gguf);
    EXPECT_EQ(mine.closed, 1);
}

TEST(File, OfTheHostStaysOpenAsLongAsItsModel) {
    HostFile mine;
    {
        Host host;
        const alv_file file = mine.abi();
        alv_model_options options = ALV_MODEL_OPTIONS_INIT;
        options.file = &file;
        ASSERT_EQ(alv_model_open(host.runtime, &options, &host.model, nullptr), ALV_STATUS_OK);
        ASSERT_EQ(alv_model_wait(host.model, kLong, nullptr), ALV_STATUS_OK);
        EXPECT_EQ(mine.closed, 0);
    }
    EXPECT_EQ(mine.closed, 1);
}

TEST(File, ThatFailsOrThrowsIsCallbackFailedAndClosed) {
    for (const bool throws : {false, true}) {
        HostFile mine;
        mine.throws = throws;
        mine.fail_with = ALV_STATUS_IO_ERROR;
        alv_gguf* gguf = nullptr;
        std::string message;
        EXPECT_EQ(open(mine.abi(), &gguf, &message), ALV_STATUS_CALLBACK_FAILED);
        EXPECT_NE(message.find("read callback"), std::string::npos) << message;
        EXPECT_EQ(gguf, nullptr);
        EXPECT_EQ(mine.closed, 1);
    }
}

TEST(File, ThatIsCorruptIsClosedToo) {
    HostFile mine;
    mine.bytes.assign(100, 7);
    alv_gguf* gguf = nullptr;
    EXPECT_EQ(open(mine.abi(), &gguf), ALV_STATUS_CORRUPT_FILE);
    EXPECT_EQ(mine.closed, 1);
}

TEST(File, WithAnInvalidArgumentWasNotTaken) {
    HostFile mine;
    alv_file file = mine.abi();
    file.read = nullptr;
    alv_gguf* gguf = nullptr;
    EXPECT_EQ(open(file, &gguf), ALV_STATUS_INVALID_ARGUMENT);
    EXPECT_EQ(mine.closed, 0);
}

TEST(File, ExactlyOneHasToBeNamed) {
    alv_gguf* gguf = nullptr;
    alv_model_options options = ALV_MODEL_OPTIONS_INIT;
    EXPECT_EQ(alv_gguf_open(&options, &gguf, nullptr), ALV_STATUS_INVALID_ARGUMENT);
    const auto bytes = local::test::fake_gguf();
    options.data = bytes.data();
    options.data_size = bytes.size();
    options.path = alv_str("also this");
    EXPECT_EQ(alv_gguf_open(&options, &gguf, nullptr), ALV_STATUS_INVALID_ARGUMENT);
}

TEST(File, ByPath) {
    const auto path = std::filesystem::path(testing::TempDir()) / "alv_abi_file_test.gguf";
    const auto bytes = local::test::fake_gguf();
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
    const std::string name = path.string();
    alv_model_options options = ALV_MODEL_OPTIONS_INIT;
    options.path = str(name);
    alv_gguf* gguf = nullptr;
    EXPECT_EQ(alv_gguf_open(&options, &gguf, nullptr), ALV_STATUS_OK);
    alv_gguf_release(gguf);
    std::filesystem::remove(path);
    Failure failure;
    EXPECT_EQ(alv_gguf_open(&options, &gguf, failure.out()), ALV_STATUS_NOT_FOUND);
    EXPECT_NE(failure.message().find("alv_abi_file_test"), std::string::npos);
    const alv_string with_nul = {"a\0b", 3};
    options.path = with_nul;
    EXPECT_EQ(alv_gguf_open(&options, &gguf, nullptr), ALV_STATUS_INVALID_ARGUMENT);
}

}  // namespace
}  // namespace alv::test
