// Kept apart from calls.h: windows.h defines CreateSemaphore and others as macros.
#include "gpu/loader.h"

#include <array>

#ifdef _WIN32
#ifndef WIN32_LEAN_AND_MEAN
#define WIN32_LEAN_AND_MEAN
#endif
#ifndef NOMINMAX
#define NOMINMAX
#endif
#include <windows.h>
#else
#include <dlfcn.h>
#endif

namespace alv::gpu {
namespace {

#ifdef _WIN32
constexpr std::array<const char*, 1> kNames{"vulkan-1.dll"};
constexpr const char* kInstall =
    "no Vulkan on this machine (vulkan-1.dll is missing): install the graphics driver of the "
    "GPU's vendor";

void* open_library(const char* name) {
    return reinterpret_cast<void*>(LoadLibraryA(name));
}
void* find_symbol(void* library, const char* name) {
    return reinterpret_cast<void*>(GetProcAddress(reinterpret_cast<HMODULE>(library), name));
}
void close_library(void* library) {
    FreeLibrary(reinterpret_cast<HMODULE>(library));
}
#else
#ifdef __APPLE__
constexpr std::array<const char*, 3> kNames{"libvulkan.dylib", "libvulkan.1.dylib",
                                            "libMoltenVK.dylib"};
#else
constexpr std::array<const char*, 2> kNames{"libvulkan.so.1", "libvulkan.so"};
#endif
constexpr const char* kInstall =
    "no Vulkan on this machine (libvulkan.so.1 is missing): install the Vulkan loader (Debian: "
    "apt-get install libvulkan1) and a driver (GPUs of AMD and Intel, and the CPU: "
    "mesa-vulkan-drivers; NVIDIA: its own driver)";

void* open_library(const char* name) {
    return dlopen(name, RTLD_NOW | RTLD_LOCAL);
}
void* find_symbol(void* library, const char* name) {
    return dlsym(library, name);
}
void close_library(void* library) {
    dlclose(library);
}
#endif

}  // namespace

Result<std::shared_ptr<Loader>> Loader::open(const std::string& path) {
    void* library = nullptr;
    if (path.empty()) {
        for (const char* name : kNames) {
            library = open_library(name);
            if (library != nullptr) break;
        }
        if (library == nullptr) return unsupported(kInstall);
    } else {
        library = open_library(path.c_str());
        if (library == nullptr) return unsupported("no Vulkan loader at " + path);
    }
    void* const get = find_symbol(library, "vkGetInstanceProcAddr");
    if (get == nullptr) {
        close_library(library);
        return unsupported("the Vulkan loader has no vkGetInstanceProcAddr: install it anew");
    }
    return std::shared_ptr<Loader>(new Loader(library, get));
}

Loader::~Loader() {
    if (library_ != nullptr) close_library(library_);
}

}  // namespace alv::gpu
