#include "base/worker.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

namespace alv {
namespace {

// In every test the worker is made last, so that it ends before what its jobs use.
std::unique_ptr<Worker> make_worker(size_t capacity) {
    auto worker = Worker::start(capacity);
    EXPECT_TRUE(worker.ok()) << worker.status().message();
    return std::move(worker).value();
}

TEST(Worker, RunsJobsInOrderOnItsOwnThread) {
    std::vector<int> order;
    std::promise<bool> done;
    const auto worker = make_worker(100);
    for (int i = 0; i < 50; ++i) ASSERT_TRUE(worker->post([&order, i] { order.push_back(i); }));
    ASSERT_TRUE(worker->post([&] { done.set_value(worker->on_worker_thread()); }));
    EXPECT_TRUE(done.get_future().get());
    EXPECT_FALSE(worker->on_worker_thread());
    ASSERT_EQ(order.size(), 50U);
    for (int i = 0; i < 50; ++i) EXPECT_EQ(order[static_cast<size_t>(i)], i);
}

TEST(Worker, RefusesWhatTheQueueCannotHold) {
    std::promise<void> started, go;
    const auto worker = make_worker(2);
    ASSERT_TRUE(worker->post([&] {
        started.set_value();
        go.get_future().wait();
    }));
    started.get_future().wait();  // the queue is empty now, and stays so until `go`
    EXPECT_TRUE(worker->post([] {}));
    EXPECT_TRUE(worker->post([] {}));
    EXPECT_FALSE(worker->post([] {}));
    go.set_value();
}

TEST(Worker, StopWaitsForTheRunningJobAndDestroysTheRest) {
    std::promise<void> started, go;
    std::atomic<bool> finished = false, ran_after = false;
    auto owned = std::make_shared<int>(1);
    const std::weak_ptr<int> watch = owned;
    const auto worker = make_worker(10);
    ASSERT_TRUE(worker->post([&] {
        started.set_value();
        go.get_future().wait();
        finished = true;
    }));
    ASSERT_TRUE(worker->post([&ran_after, held = std::move(owned)] { ran_after = true; }));
    started.get_future().wait();
    auto stopping = std::async(std::launch::async, [&] { worker->stop(); });
    while (!watch.expired()) std::this_thread::yield();  // stop() has emptied the queue
    EXPECT_FALSE(finished);
    go.set_value();
    stopping.wait();
    EXPECT_TRUE(finished);
    EXPECT_FALSE(ran_after);
    EXPECT_FALSE(worker->post([] {}));
    worker->stop();  // again
}

TEST(Worker, AJobThatThrowsDoesNotEndTheThread) {
    std::promise<void> done;
    const auto worker = make_worker(10);
    ASSERT_TRUE(worker->post([] { throw std::runtime_error("a host's mistake"); }));
    ASSERT_TRUE(worker->post([&] { done.set_value(); }));
    done.get_future().wait();
}

TEST(Worker, AJobMayDropTheLastOwner) {
    for (int i = 0; i < 100; ++i) {
        std::shared_ptr<Worker> worker = make_worker(10);
        const auto go = std::make_shared<std::promise<void>>();
        const auto done = std::make_shared<std::promise<void>>();
        Worker* raw = worker.get();
        ASSERT_TRUE(raw->post([go, done, owner = worker]() mutable {
            go->get_future().wait();
            owner.reset();
            done->set_value();
        }));
        worker.reset();
        go->set_value();
        done->get_future().wait();
    }
}

}  // namespace
}  // namespace alv
