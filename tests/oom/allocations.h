// The operator new of this program: counts what is alive, and fails one allocation when asked to.
#pragma once

#include <cstdint>

namespace alv::test {

// Between the two, on whatever thread, the n-th allocation (from 1; 0: none) and the `run - 1` that
// follow it throw bad_alloc; those of threads in a Spared scope neither fail nor count.
void fail_allocation(uint64_t n, uint64_t run = 1);
void fail_no_allocation();

uint64_t n_allocations();  // since fail_allocation()
uint64_t n_failed();
int64_t n_alive();  // of all that operator new ever gave out

class Spared {
  public:
    Spared();
    ~Spared();
    Spared(const Spared&) = delete;
    Spared& operator=(const Spared&) = delete;
};

}  // namespace alv::test
