# usearch 2.26.6's graph (index.hpp alone, a header without dependencies) as alv_usearch, from its
# crate. The distances are ours (runtime/knowledge/distance.cpp).
include(AlvissFetch)

alv_fetch_crate(ALV_USEARCH_CRATE PACKAGE usearch VERSION 2.26.6
  SHA256 b0b5eeb9d30a9be03057a1fa6b0096b6d02a42169fb300e096501aa48ee03ce5)
if(NOT ALV_USEARCH_CRATE)
  message(FATAL_ERROR "The source package usearch 2.26.6 could not be fetched: install cargo, or put "
                      "usearch-2.26.6.crate into ${ALVISS_CACHE_DIR}/src")
endif()
set(root "${PROJECT_BINARY_DIR}/third_party/usearch-2.26.6/include")
if(NOT EXISTS "${root}/usearch/index.hpp")
  file(ARCHIVE_EXTRACT INPUT "${ALV_USEARCH_CRATE}"
    DESTINATION "${PROJECT_BINARY_DIR}/third_party" PATTERNS "*/include/usearch/*")
endif()
add_library(alv_usearch INTERFACE)
target_include_directories(alv_usearch SYSTEM INTERFACE "${root}")
if(CMAKE_CROSSCOMPILING AND MINGW)
  # It writes the name of this header as Windows does, where case is no difference.
  set(shim "${PROJECT_BINARY_DIR}/third_party/usearch-windows")
  file(CONFIGURE OUTPUT "${shim}/Windows.h" CONTENT "#include <windows.h>\n")
  target_include_directories(alv_usearch SYSTEM INTERFACE "${shim}")
endif()
