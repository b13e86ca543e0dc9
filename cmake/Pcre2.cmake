# PCRE2 (8-bit, Unicode, no JIT) as the static library alv_pcre2.
# Natively it is Debian's libpcre2-dev. Where there is none for the target (mingw-w64) it is built from
# the upstream source that the Rust crate pcre2-sys 0.2.9 carries (PCRE2 10.43), fetched by cargo.
include(AlvissFetch)

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

# alv_fetch_crate(<out> NAME VERSION SHA256): the path of the crate's archive in the user's cache, or "".
function(alv_fetch_crate out name version sha256)
  set(${out} "" PARENT_SCOPE)
  set(path "${ALVISS_CACHE_DIR}/src/${name}-${version}.crate")
  if(NOT EXISTS "${path}")
    find_program(ALV_CARGO cargo PATHS "$ENV{HOME}/.cargo/bin")
    mark_as_advanced(ALV_CARGO)
    if(NOT ALV_CARGO)
      return()
    endif()
    message(STATUS "Fetching ${name} ${version}")
    string(RANDOM LENGTH 8 random)
    set(part "${ALVISS_CACHE_DIR}/src/part-${random}")
    file(WRITE "${part}/Cargo.toml"
      "[package]\nname = \"fetch\"\nversion = \"0.1.0\"\nedition = \"2018\"\n[lib]\npath = \"lib.rs\"\n"
      "[dependencies]\n${name} = \"=${version}\"\n")
    file(WRITE "${part}/lib.rs" "")
    execute_process(COMMAND "${ALV_CARGO}" vendor --quiet "${part}/vendor" WORKING_DIRECTORY "${part}"
      OUTPUT_VARIABLE said ERROR_VARIABLE said RESULT_VARIABLE failed TIMEOUT 300)
    set(cargo_home "$ENV{CARGO_HOME}")
    if(NOT cargo_home)
      set(cargo_home "$ENV{HOME}/.cargo")
    endif()
    file(GLOB found "${cargo_home}/registry/cache/*/${name}-${version}.crate")
    if(found)
      list(GET found 0 found)
      file(COPY_FILE "${found}" "${part}/crate")
      file(RENAME "${part}/crate" "${path}")
    else()
      message(STATUS "${name} ${version}: not fetched (${failed}) ${said}")
    endif()
    file(REMOVE_RECURSE "${part}")
  endif()
  if(EXISTS "${path}")
    file(SHA256 "${path}" have)
    if(have STREQUAL sha256)
      set(${out} "${path}" PARENT_SCOPE)
    else()
      file(REMOVE "${path}")
      message(WARNING "${path} has the SHA-256 ${have}, not ${sha256}: not used")
    endif()
  endif()
endfunction()

alv_fetch_crate(ALV_PCRE2_CRATE pcre2-sys 0.2.9
  550f5d18fb1b90c20b87e161852c10cde77858c3900c5059b5ad2a1449f11d8a)
if(NOT ALV_PCRE2_CRATE)
  message(FATAL_ERROR "There is no static PCRE2: install libpcre2-dev, or for a cross build cargo, "
                      "or put pcre2-sys-0.2.9.crate into ${ALVISS_CACHE_DIR}/src")
endif()
set(root "${PROJECT_BINARY_DIR}/third_party/pcre2-sys-0.2.9/upstream")
if(NOT EXISTS "${root}/src/pcre2_match.c")
  file(ARCHIVE_EXTRACT INPUT "${ALV_PCRE2_CRATE}" DESTINATION "${PROJECT_BINARY_DIR}/third_party"
    PATTERNS "*/upstream/*")
endif()
set(sources)
foreach(name
    auto_possess chartables chkdint compile config context error extuni find_bracket jit_compile
    maketables match match_data newline ord2utf pattern_info string_utils study tables ucd valid_utf
    xclass)
  list(APPEND sources "${root}/src/pcre2_${name}.c")
endforeach()
add_library(alv_pcre2_source STATIC ${sources})
target_include_directories(alv_pcre2_source SYSTEM PUBLIC "${root}/include" PRIVATE "${root}/src")
target_compile_definitions(alv_pcre2_source PRIVATE
  PCRE2_CODE_UNIT_WIDTH=8 PCRE2_STATIC HAVE_CONFIG_H=1 HAVE_MEMMOVE=1 SUPPORT_PCRE2_8=1
  SUPPORT_UNICODE=1)
target_compile_options(alv_pcre2_source PRIVATE -w -ffunction-sections -fdata-sections)
set_target_properties(alv_pcre2_source PROPERTIES
  C_STANDARD 99
  C_EXTENSIONS ON
  C_VISIBILITY_PRESET hidden
  POSITION_INDEPENDENT_CODE ON)
target_link_libraries(alv_pcre2 INTERFACE alv_pcre2_source)
