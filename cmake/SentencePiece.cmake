# sentencepiece 0.2.1 as the static library alv_sentencepiece, with hidden symbols, from its
# self-contained source package. Only what encoding by an existing BPE model takes is built: no
# trainer, no file access, no command-line tools. Unlike Debian's 0.1.97 it brings its own
# protobuf-lite, which then cannot clash with a host's.
include(AlvissFetch)

alv_fetch_pypi(ALV_SENTENCEPIECE_SDIST SOURCE
  PACKAGE sentencepiece VERSION 0.2.1
  FILE sentencepiece-0.2.1.tar.gz
  SHA256 8138cec27c2f2282f4a34d9a016e3374cd40e5c6e9cb335063db66a0a3b71fad)
if(NOT ALV_SENTENCEPIECE_SDIST)
  message(FATAL_ERROR "The source package sentencepiece 0.2.1 could not be fetched: install python3-pip, "
                      "or put sentencepiece-0.2.1.tar.gz into ${ALVISS_CACHE_DIR}/src")
endif()

set(root "${PROJECT_BINARY_DIR}/third_party/sentencepiece-0.2.1/sentencepiece")
if(NOT EXISTS "${root}/src/bpe_model.cc")
  file(ARCHIVE_EXTRACT INPUT "${ALV_SENTENCEPIECE_SDIST}"
    DESTINATION "${PROJECT_BINARY_DIR}/third_party" PATTERNS "*/sentencepiece/src/*"
    "*/sentencepiece/third_party/*")
endif()
set(generated "${PROJECT_BINARY_DIR}/third_party/sentencepiece-config")
file(CONFIGURE OUTPUT "${generated}/config.h" CONTENT [[
#pragma once
#define VERSION "0.2.1"
#define PACKAGE "sentencepiece"
#define PACKAGE_STRING "sentencepiece"
#define INSTALL_DATADIR ""
]])
# In the place of flag.cc: command-line flags are nobody's here, and its registry of them is never
# freed, which every load of the library would leak anew.
file(CONFIGURE OUTPUT "${generated}/no_flags.cc" CONTENT [[
#include "third_party/absl/flags/flag.h"
namespace absl {
void CleanupFlags() {}
}  // namespace absl
]])

set(sources
  src/bpe_model.cc
  src/builtin_pb/sentencepiece_model.pb.cc
  src/error.cc
  src/model_interface.cc
  src/normalizer.cc
  src/util.cc)
foreach(name
    arena arenastring bytestream coded_stream common extension_set generated_enum_util
    generated_message_table_driven_lite generated_message_util implicit_weak_message int128
    io_win32 message_lite parse_context repeated_field status statusor stringpiece stringprintf
    structurally_valid strutil time wire_format_lite zero_copy_stream zero_copy_stream_impl
    zero_copy_stream_impl_lite)
  list(APPEND sources third_party/protobuf-lite/${name}.cc)
endforeach()
list(TRANSFORM sources PREPEND "${root}/")
list(APPEND sources "${generated}/no_flags.cc")

add_library(alv_sentencepiece STATIC ${sources})
# For the one source that names sentencepiece: its folders hold a util.h and a common.h.
set(ALV_SENTENCEPIECE_INCLUDES
  "${root}" "${root}/src" "${root}/src/builtin_pb" "${root}/third_party/protobuf-lite" "${generated}")
set(ALV_SENTENCEPIECE_DEFINITIONS _USE_INTERNAL_STRING_VIEW HAVE_PTHREAD=1)
target_include_directories(alv_sentencepiece SYSTEM PRIVATE ${ALV_SENTENCEPIECE_INCLUDES})
target_compile_definitions(alv_sentencepiece PRIVATE ${ALV_SENTENCEPIECE_DEFINITIONS})
target_compile_options(alv_sentencepiece PRIVATE -w -ffunction-sections -fdata-sections)
if(ALVISS_SANITIZE)
  # Address checks inside it too; not UBSan, which old protobuf trips by design.
  target_compile_options(alv_sentencepiece PRIVATE -fsanitize=address -fno-omit-frame-pointer)
endif()
set_target_properties(alv_sentencepiece PROPERTIES
  CXX_STANDARD 17
  C_VISIBILITY_PRESET hidden
  CXX_VISIBILITY_PRESET hidden
  VISIBILITY_INLINES_HIDDEN ON
  POSITION_INDEPENDENT_CODE ON)
find_package(Threads REQUIRED)
target_link_libraries(alv_sentencepiece PUBLIC Threads::Threads)
