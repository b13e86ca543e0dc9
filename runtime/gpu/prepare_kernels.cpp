// Many pipelines at once: compiling them is most of a cold start.
#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <new>
#include <system_error>
#include <thread>

#include "gpu/kernels.h"

namespace alv::gpu {
namespace {

// What the threads share. The first error wins, and stops the rest.
struct Shared {
    std::atomic<size_t> next{0};
    std::atomic<bool> stop{false};
    std::mutex mutex;
    std::condition_variable changed;
    size_t done = 0;
    size_t running = 0;
    Status status;

    void finish_one(Status made) {
        const std::lock_guard lock(mutex);
        ++done;
        if (!made.ok() && status.ok()) status = std::move(made);
        if (!status.ok()) stop = true;
        changed.notify_all();
    }
};

// A thread must not end the process: whatever is thrown becomes a Status.
Status make_one(Kernels& kernels, const KernelKey& key) noexcept {
    try {
        return kernels.get(key).status();
    } catch (const std::bad_alloc&) {
        return out_of_host_memory();
    } catch (...) {
        return internal_error("");
    }
}

void work(Kernels& kernels, std::span<const KernelKey> keys, Shared& shared) {
    for (size_t i = shared.next++; i < keys.size() && !shared.stop; i = shared.next++) {
        shared.finish_one(make_one(kernels, keys[i]));
    }
}

void run_thread(Kernels& kernels, std::span<const KernelKey> keys, Shared& shared) {
    work(kernels, keys, shared);
    const std::lock_guard lock(shared.mutex);
    --shared.running;
    shared.changed.notify_all();
}

// As many threads as the system gives, up to `wanted`.
std::vector<std::jthread> start_threads(size_t wanted, Kernels& kernels,
                                        std::span<const KernelKey> keys, Shared& shared) {
    std::vector<std::jthread> threads;
    threads.reserve(wanted);
    for (size_t i = 0; i < wanted; ++i) {
        {
            const std::lock_guard lock(shared.mutex);
            ++shared.running;
        }
        try {
            threads.emplace_back([&kernels, keys, &shared] { run_thread(kernels, keys, shared); });
        } catch (const std::system_error&) {
            const std::lock_guard lock(shared.mutex);
            --shared.running;
            break;
        }
    }
    return threads;
}

}  // namespace

Status Kernels::prepare(std::span<const KernelKey> keys,
                        const std::function<bool(size_t, size_t)>& progress) {
    ALV_RETURN_IF_ERROR(context_->alive());
    Shared shared;
    const size_t n_cores = std::max<size_t>(1, std::thread::hardware_concurrency());
    const auto report = [&](size_t done) {
        if (!progress || progress(done, keys.size())) return;
        const std::lock_guard lock(shared.mutex);
        if (shared.status.ok()) shared.status = cancelled("making pipelines was cancelled");
        shared.stop = true;
    };

    auto threads = start_threads(std::min(n_cores, keys.size()), *this, keys, shared);
    if (threads.empty()) work(*this, keys, shared);
    // Progress is told from the caller's thread alone, and never under the lock.
    std::unique_lock lock(shared.mutex);
    for (size_t told = 0;;) {
        shared.changed.wait(lock, [&] { return shared.done != told || shared.running == 0; });
        const bool ended = shared.running == 0;
        if (shared.done != told && !shared.stop) {
            told = shared.done;
            lock.unlock();
            report(told);
            lock.lock();
        } else {
            told = shared.done;
        }
        if (ended) break;
    }
    lock.unlock();
    threads.clear();  // joins
    return shared.status;
}

}  // namespace alv::gpu
