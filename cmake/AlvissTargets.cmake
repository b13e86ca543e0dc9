# Helpers that give every target of this project the same flags.

# alv_flags(<target>): warnings, sanitizers.
function(alv_flags target)
  target_compile_options(${target} PRIVATE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion
    $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor -Woverloaded-virtual>
    $<$<BOOL:${ALVISS_WERROR}>:-Werror>)
  if(ALVISS_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=address,undefined -fno-sanitize-recover=undefined
                                             -fno-omit-frame-pointer)
    target_link_options(${target} PUBLIC -fsanitize=address,undefined)
  endif()
  if(ALVISS_FUZZ)
    target_compile_options(${target} PRIVATE -fsanitize=fuzzer-no-link)
  endif()
endfunction()

# alv_layer(<name> SOURCES a.cpp ... DEPENDS base ...): the object target alv_<name> of a folder in
# runtime/. DEPENDS are layers to the left of it (runtime/README.md); LINK are other libraries.
function(alv_layer name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS;LINK" ${ARGN})
  add_library(alv_${name} OBJECT ${ARG_SOURCES})
  target_include_directories(alv_${name} PUBLIC "${PROJECT_SOURCE_DIR}/runtime")
  foreach(dep IN LISTS ARG_DEPENDS)
    target_link_libraries(alv_${name} PUBLIC alv_${dep})
  endforeach()
  target_link_libraries(alv_${name} PUBLIC ${ARG_LINK})
  alv_flags(alv_${name})
endfunction()
