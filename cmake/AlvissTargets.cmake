# Helpers that give every target of this project the same flags.

# Where the tests find what is too large for git. tests/run.sh fetches both.
if(DEFINED ENV{XDG_CACHE_HOME} AND NOT "$ENV{XDG_CACHE_HOME}" STREQUAL "")
  set(ALVISS_CACHE_DIR "$ENV{XDG_CACHE_HOME}/alviss")
else()
  set(ALVISS_CACHE_DIR "$ENV{HOME}/.cache/alviss")
endif()
set(ALVISS_MODEL_DIR "${ALVISS_CACHE_DIR}/models" CACHE PATH "Where the tests' models are")
set(ALVISS_CONFORMANCE_DIR "${ALVISS_CACHE_DIR}/conformance" CACHE PATH
    "Where the tokenizer vectors and chat templates are")
set(ALVISS_FUZZ_SECONDS 30 CACHE STRING "How long ctest runs each fuzz target")

# alv_flags(<target>): warnings, sanitizers.
function(alv_flags target)
  target_compile_options(${target} PRIVATE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion
    $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor -Woverloaded-virtual>
    # gcc 12 sees an overlap in std::string's operator+ that is not there (its bug 105329).
    $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-Wno-restrict>
    $<$<BOOL:${ALVISS_WERROR}>:-Werror>)
  # One section a function: the linker drops what no exported call reaches.
  target_compile_options(${target} PRIVATE -ffunction-sections -fdata-sections)
  if(ALVISS_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=address,undefined -fno-sanitize-recover=undefined
                                             -fno-omit-frame-pointer)
    target_link_options(${target} PUBLIC -fsanitize=address,undefined)
  endif()
  if(ALVISS_SANITIZE_THREADS)
    target_compile_options(${target} PRIVATE -fsanitize=thread -fno-omit-frame-pointer)
    target_link_options(${target} PUBLIC -fsanitize=thread)
  endif()
  if(ALVISS_FUZZ)
    target_compile_options(${target} PRIVATE -fsanitize=fuzzer-no-link)
  endif()
endfunction()

# alv_layer(<name> [SMALL] SOURCES a.cpp ... DEPENDS base ...): the object target alv_<name> of a
# folder in runtime/. DEPENDS are layers to the left of it (runtime/README.md); LINK are other
# libraries. SMALL: no loop of it runs hot, so that size counts.
function(alv_layer name)
  cmake_parse_arguments(ARG "SMALL" "" "SOURCES;DEPENDS;LINK" ${ARGN})
  add_library(alv_${name} OBJECT ${ARG_SOURCES})
  if(ARG_SMALL AND NOT ALVISS_SANITIZE AND NOT ALVISS_SANITIZE_THREADS AND NOT ALVISS_FUZZ)
    target_compile_options(alv_${name} PRIVATE $<$<CONFIG:Release>:-Os>)
  endif()
  target_include_directories(alv_${name} PUBLIC "${PROJECT_SOURCE_DIR}/runtime")
  foreach(dep IN LISTS ARG_DEPENDS)
    target_link_libraries(alv_${name} PUBLIC alv_${dep})
  endforeach()
  target_link_libraries(alv_${name} PUBLIC ${ARG_LINK})
  set_target_properties(alv_${name} PROPERTIES
    ALV_IS_LAYER TRUE
    ALV_LAYER_DEPENDS "${ARG_DEPENDS}"
    ALV_LAYER_LINK "${ARG_LINK}")
  alv_flags(alv_${name})
endfunction()

# alv_layer_closure(<out> alv_api ...): the named layers and all that they stand on. CMake hands an
# object target's objects only to those that link it directly, so that a final target has to link
# every layer by name; this writes the list.
function(alv_layer_closure out)
  set(todo ${ARGN})
  set(closure)
  while(todo)
    list(POP_FRONT todo item)
    if(item IN_LIST closure)
      continue()
    endif()
    list(APPEND closure ${item})
    if(TARGET ${item})
      get_target_property(is_layer ${item} ALV_IS_LAYER)
      if(is_layer)
        get_target_property(depends ${item} ALV_LAYER_DEPENDS)
        list(TRANSFORM depends PREPEND alv_)
        list(APPEND todo ${depends})
      endif()
    endif()
  endwhile()
  set(${out} ${closure} PARENT_SCOPE)
endfunction()

# What every test program gets: the flags, runtime/ and tests/ as include folders, where things are.
function(alv_test_common target)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  alv_layer_closure(link ${ARG_LINK})
  target_link_libraries(${target} PRIVATE ${link})
  target_include_directories(${target} PRIVATE
    "${PROJECT_SOURCE_DIR}/runtime" "${PROJECT_SOURCE_DIR}/tests" "${PROJECT_SOURCE_DIR}/include")
  target_compile_definitions(${target} PRIVATE
    ALV_TEST_MODEL_DIR="${ALVISS_MODEL_DIR}"              # *.gguf
    ALV_TEST_CONFORMANCE_DIR="${ALVISS_CONFORMANCE_DIR}"  # tests/fetch_conformance.sh fills it
    ALV_TEST_SOURCE_DIR="${PROJECT_SOURCE_DIR}/tests"     # tests/ of the checkout
    ALV_TEST_BINARY_DIR="${PROJECT_BINARY_DIR}")          # the root of the build tree; bin/, lib/ in it
  alv_flags(${target})
endfunction()

# alv_test(<name> SOURCES a_test.cpp ... LINK alv_gguf ... [TIMEOUT s] [WHOLE] [SERIAL]): a
# GoogleTest program. Naming the topmost layer in LINK is enough. Each TEST is a ctest test of its
# own (and process); WHOLE makes the program one ctest test, for those that share a costly start;
# SERIAL lets nothing else run beside it, for those that look at a clock. The program's name is
# its label (of a discovered test CMake 3.25 passes on one only, so that LABELS says nothing).
function(alv_test name)
  cmake_parse_arguments(ARG "WHOLE;SERIAL" "TIMEOUT" "SOURCES;LINK;LABELS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  find_package(GTest REQUIRED)
  include(GoogleTest)
  add_executable(${name} ${ARG_SOURCES})
  alv_test_common(${name} LINK ${ARG_LINK})
  target_link_libraries(${name} PRIVATE GTest::gtest_main)
  if(ARG_SERIAL)
    set(serial RUN_SERIAL TRUE)
  else()
    set(serial)
  endif()
  if(ARG_WHOLE)
    add_test(NAME ${name} COMMAND ${name} WORKING_DIRECTORY "${PROJECT_BINARY_DIR}")
    set_tests_properties(${name} PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS ${name} ${serial})
  else()
    gtest_discover_tests(${name}
      DISCOVERY_MODE PRE_TEST
      NO_PRETTY_VALUES
      DISCOVERY_TIMEOUT 60
      TEST_PREFIX "${name}."
      WORKING_DIRECTORY "${PROJECT_BINARY_DIR}"
      PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS ${name} ${serial})
  endif()
endfunction()

# alv_fuzz(<name> SOURCES fuzz.cpp LINK alv_gguf ... [CORPUS folder] [OPTIONS -max_len=...]): a
# libFuzzer target; nothing unless ALVISS_FUZZ. `ctest -L fuzz` runs each for ALVISS_FUZZ_SECONDS;
# the target `fuzzers` builds them all.
function(alv_fuzz name)
  cmake_parse_arguments(ARG "" "CORPUS" "SOURCES;LINK;OPTIONS" ${ARGN})
  if(NOT ALVISS_FUZZ)
    return()
  endif()
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "ALVISS_FUZZ needs clang: -DCMAKE_CXX_COMPILER=clang++ -DCMAKE_C_COMPILER=clang")
  endif()
  add_executable(${name} ${ARG_SOURCES})
  alv_test_common(${name} LINK ${ARG_LINK})
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  if(NOT TARGET fuzzers)
    add_custom_target(fuzzers)
  endif()
  add_dependencies(fuzzers ${name})
  # What a run finds stays in the build tree; the seeds are only read.
  set(found "${PROJECT_BINARY_DIR}/fuzz/${name}")
  file(MAKE_DIRECTORY "${found}")
  if(ARG_CORPUS)
    get_filename_component(ARG_CORPUS "${ARG_CORPUS}" ABSOLUTE)
  endif()
  add_test(NAME fuzz.${name}
    COMMAND ${name} -max_total_time=${ALVISS_FUZZ_SECONDS} -timeout=10 -rss_limit_mb=2048
            -print_final_stats=1 -artifact_prefix=${found}/ ${ARG_OPTIONS} "${found}" ${ARG_CORPUS})
  math(EXPR timeout "${ALVISS_FUZZ_SECONDS} + 120")
  set_tests_properties(fuzz.${name} PROPERTIES LABELS fuzz TIMEOUT ${timeout})
endfunction()
