# Shaders into C++: GLSL is compiled, optimized and validated at build time, and its words end in a
# source file. Included, this defines alv_embed_shaders(); run by `cmake -P` it writes one shader's words.
if(CMAKE_SCRIPT_MODE_FILE)
  file(READ "${INPUT}" hex HEX)
  string(LENGTH "${hex}" length)
  math(EXPR rest "${length} % 8")
  if(length EQUAL 0 OR NOT rest EQUAL 0)
    message(FATAL_ERROR "${INPUT} is no SPIR-V: ${length} hex digits")
  endif()
  set(byte "([0-9a-f][0-9a-f])")
  string(REGEX REPLACE "${byte}${byte}${byte}${byte}" "0x\\4\\3\\2\\1," words "${hex}")
  string(REPEAT "0x........," 8 line)
  string(REGEX REPLACE "(${line})" "\\1\n" words "${words}")
  file(WRITE "${OUTPUT}" "${words}\n")
  return()
endif()

set(ALV_EMBED_SHADERS_SCRIPT "${CMAKE_CURRENT_LIST_FILE}")

# alv_embed_shaders(<target> MANIFEST file OUTPUT shaders.cpp FUNCTION name [INCLUDES folder ...]):
# compiles every line `NAME SOURCE [DEFINE[=VALUE] ...]` of the manifest (sources lie beside it) and
# writes OUTPUT, which defines std::span<const ShaderBlob> alv::gpu::<name>(). <target> is a custom
# target to depend on.
function(alv_embed_shaders target)
  cmake_parse_arguments(ARG "" "MANIFEST;OUTPUT;FUNCTION" "INCLUDES" ${ARGN})
  get_filename_component(folder "${ARG_MANIFEST}" DIRECTORY)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${ARG_MANIFEST}")
  set(built "${CMAKE_CURRENT_BINARY_DIR}/${target}")
  file(MAKE_DIRECTORY "${built}")
  set(include_flags "-I${folder}")
  foreach(include IN LISTS ARG_INCLUDES)
    list(APPEND include_flags "-I${include}")
  endforeach()

  file(STRINGS "${ARG_MANIFEST}" lines REGEX "^[^#]")
  set(arrays "")
  set(table "")
  set(parts)
  foreach(line IN LISTS lines)
    string(REGEX MATCHALL "[^ \t]+" words "${line}")
    list(POP_FRONT words name source)
    if(NOT source)
      message(FATAL_ERROR "${ARG_MANIFEST}: '${line}' names no source")
    endif()
    list(TRANSFORM words PREPEND "-D" OUTPUT_VARIABLE defines)
    set(spv "${built}/${name}.spv")
    set(inc "${built}/${name}.inc")
    add_custom_command(OUTPUT "${spv}"
      COMMAND "${ALV_GLSLANG}" --quiet -V --target-env vulkan1.2 ${include_flags} ${defines}
              --depfile "${spv}.d" -o "${spv}" "${folder}/${source}"
      COMMAND "${ALV_SPIRV_OPT}" --target-env=vulkan1.2 -O --strip-debug "${spv}" -o "${spv}"
      COMMAND "${ALV_SPIRV_VAL}" --target-env vulkan1.2 "${spv}"
      DEPENDS "${folder}/${source}" DEPFILE "${spv}.d"
      COMMENT "Shader ${name}" VERBATIM)
    add_custom_command(OUTPUT "${inc}"
      COMMAND "${CMAKE_COMMAND}" "-DINPUT=${spv}" "-DOUTPUT=${inc}" -P "${ALV_EMBED_SHADERS_SCRIPT}"
      DEPENDS "${spv}" "${ALV_EMBED_SHADERS_SCRIPT}" COMMENT "" VERBATIM)
    list(APPEND parts "${inc}")
    string(APPEND arrays "constexpr uint32_t k_${name}[] = {\n#include \"${inc}\"\n};\n")
    string(APPEND table "    {\"${name}\", k_${name}},\n")
  endforeach()

  # The last command's inputs are the parts, so that a changed shader rebuilds the one source file.
  file(CONFIGURE OUTPUT "${built}/shaders.cpp.in" CONTENT
"// Written by cmake/EmbedShaders.cmake.
#include \"gpu/shaders.h\"

namespace alv::gpu {
std::span<const ShaderBlob> ${ARG_FUNCTION}();

namespace {
${arrays}
constexpr ShaderBlob kShaders[] = {
${table}};
}  // namespace

std::span<const ShaderBlob> ${ARG_FUNCTION}() {
    return kShaders;
}

}  // namespace alv::gpu
" @ONLY)
  add_custom_command(OUTPUT "${ARG_OUTPUT}"
    COMMAND "${CMAKE_COMMAND}" -E copy "${built}/shaders.cpp.in" "${ARG_OUTPUT}"
    DEPENDS ${parts} "${built}/shaders.cpp.in" COMMENT "" VERBATIM)
  add_custom_target(${target} DEPENDS "${ARG_OUTPUT}")
endfunction()
