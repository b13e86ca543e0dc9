# PCRE2 (8-bit, Unicode, no JIT) as the static library alv_pcre2. Natively it is Debian's libpcre2-dev;
# where there is none for the target (mingw-w64) the same version is built from its source.
add_library(alv_pcre2 INTERFACE)
target_compile_definitions(alv_pcre2 INTERFACE PCRE2_CODE_UNIT_WIDTH=8 PCRE2_STATIC)

if(NOT CMAKE_CROSSCOMPILING)
  find_path(ALV_PCRE2_INCLUDE pcre2.h)
  find_library(ALV_PCRE2_LIBRARY NAMES libpcre2-8.a)
  mark_as_advanced(ALV_PCRE2_INCLUDE ALV_PCRE2_LIBRARY)
endif()
if(ALV_PCRE2_INCLUDE AND ALV_PCRE2_LIBRARY)
  target_include_directories(alv_pcre2 SYSTEM INTERFACE "${ALV_PCRE2_INCLUDE}")
  target_link_libraries(alv_pcre2 INTERFACE "${ALV_PCRE2_LIBRARY}")
  return()
endif()

# The source comes from where this machine gets Debian (samples/setup.sh), so that both have one version.
set(tarball "${ALVISS_CACHE_DIR}/src/pcre2-10.42.tar.gz")
if(NOT EXISTS "${tarball}")
  execute_process(COMMAND bash -c ". \"$1\" && alv_fetch_pcre2_source" bash
    "${PROJECT_SOURCE_DIR}/samples/setup.sh")
endif()
set(have "")
if(EXISTS "${tarball}")
  file(SHA256 "${tarball}" have)
endif()
if(NOT have STREQUAL c33b418e3b936ee3153de2c61cc638e7e4fe3156022a5c77d0711bcbb9d64f1f)
  message(FATAL_ERROR "There is no static PCRE2: install libpcre2-dev, or for a cross build put the "
                      "source of PCRE2 10.42 at ${tarball}")
endif()
set(root "${PROJECT_BINARY_DIR}/third_party/pcre2-10.42")
if(NOT EXISTS "${root}/src/pcre2_chartables.c")
  file(ARCHIVE_EXTRACT INPUT "${tarball}" DESTINATION "${PROJECT_BINARY_DIR}/third_party"
    PATTERNS "*/src/*")
  file(COPY_FILE "${root}/src/pcre2.h.generic" "${root}/src/pcre2.h")
  file(COPY_FILE "${root}/src/config.h.generic" "${root}/src/config.h")
  file(COPY_FILE "${root}/src/pcre2_chartables.c.dist" "${root}/src/pcre2_chartables.c")
endif()
set(sources)
foreach(name
    auto_possess chartables compile config context error extuni find_bracket jit_compile maketables
    match match_data newline ord2utf pattern_info script_run string_utils study tables ucd valid_utf
    xclass)
  list(APPEND sources "${root}/src/pcre2_${name}.c")
endforeach()
add_library(alv_pcre2_source STATIC ${sources})
target_include_directories(alv_pcre2_source SYSTEM PUBLIC "${root}/src")
target_compile_definitions(alv_pcre2_source PRIVATE
  PCRE2_CODE_UNIT_WIDTH=8 PCRE2_STATIC HAVE_CONFIG_H=1 HAVE_MEMMOVE=1 SUPPORT_PCRE2_8=1 SUPPORT_UNICODE=1)
target_compile_options(alv_pcre2_source PRIVATE -w -ffunction-sections -fdata-sections)
set_target_properties(alv_pcre2_source PROPERTIES
  C_STANDARD 99
  C_EXTENSIONS ON
  C_VISIBILITY_PRESET hidden
  POSITION_INDEPENDENT_CODE ON)
target_link_libraries(alv_pcre2 INTERFACE alv_pcre2_source)
