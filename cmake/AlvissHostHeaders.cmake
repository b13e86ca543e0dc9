# A cross build uses the host's header-only packages too (Vulkan, nlohmann_json, CLI11: the same text
# for every target), but must not see the rest of /usr/include: their folders alone are linked into
# one of the build tree.
set(ALV_HOST_HEADERS "${PROJECT_BINARY_DIR}/host-include")
file(MAKE_DIRECTORY "${ALV_HOST_HEADERS}")
foreach(folder vulkan vk_video nlohmann CLI)
  if(NOT EXISTS "${ALV_HOST_HEADERS}/${folder}")
    find_path(ALV_HOST_INCLUDE_${folder} NAMES ${folder}
      PATHS /usr/include /usr/local/include NO_DEFAULT_PATH NO_CMAKE_FIND_ROOT_PATH)
    if(NOT ALV_HOST_INCLUDE_${folder})
      message(FATAL_ERROR "A cross build needs the headers ${folder}/ of this machine's packages "
                          "(Debian: libvulkan-dev nlohmann-json3-dev libcli11-dev)")
    endif()
    file(CREATE_LINK "${ALV_HOST_INCLUDE_${folder}}/${folder}" "${ALV_HOST_HEADERS}/${folder}"
         COPY_ON_ERROR SYMBOLIC)
  endif()
endforeach()
include_directories(SYSTEM "${ALV_HOST_HEADERS}")

# find_package finds nothing for Windows here; these are the same targets by hand.
foreach(target nlohmann_json::nlohmann_json CLI11::CLI11 Vulkan::Headers)
  add_library(${target} INTERFACE IMPORTED GLOBAL)
endforeach()
