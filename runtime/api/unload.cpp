// Of the shared library only, where libstdc++ is inside it: what that allocates when it is loaded
// (the store from which exceptions are thrown when memory is out, 71 KiB) it never frees by itself,
// so that a host that loads and unloads us would lose as much each time.
#include <cstddef>

#ifdef __GLIBCXX__
namespace __gnu_cxx {
// libstdc++'s own, made for memory checkers.
void __freeres();  // NOLINT(bugprone-reserved-identifier)
}  // namespace __gnu_cxx

namespace {

// The lowest priority that is free to users: it runs after the destructors of all static objects.
[[gnu::destructor(101)]] void on_unload() {
    __gnu_cxx::__freeres();
}

}  // namespace
#endif
