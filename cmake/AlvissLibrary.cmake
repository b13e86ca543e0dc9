# The libraries that users link: alviss (shared) and alviss_static, their export list, and what
# `cmake --install` puts where.

# alv_read_exports(<out>): the names in cmake/exports.txt, the one list of what the library exports.
function(alv_read_exports out)
  set(path "${PROJECT_SOURCE_DIR}/cmake/exports.txt")
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${path}")
  file(STRINGS "${path}" names REGEX "^[a-z]")
  list(TRANSFORM names STRIP)
  if(NOT names)
    message(FATAL_ERROR "${path} names no function")
  endif()
  set(${out} ${names} PARENT_SCOPE)
endfunction()

# alv_static_files(<out> lib ...): the archives behind LINK items, theirs included. The static library
# has to hold them: a user has neither our sentencepiece nor our pcre2.
function(alv_static_files out)
  set(todo ${ARGN})
  set(seen)
  set(files)
  while(todo)
    list(POP_FRONT todo item)
    string(REGEX REPLACE "^\\$<(LINK_ONLY|BUILD_INTERFACE):(.*)>$" "\\2" item "${item}")
    if(item IN_LIST seen OR item MATCHES "^-|^\\$<|^::@")
      continue()
    endif()
    list(APPEND seen ${item})
    if(TARGET ${item})
      get_target_property(type ${item} TYPE)
      if(type STREQUAL "STATIC_LIBRARY" OR type STREQUAL "UNKNOWN_LIBRARY")
        list(APPEND files $<TARGET_FILE:${item}>)
      endif()
      get_target_property(more ${item} INTERFACE_LINK_LIBRARIES)
      if(more)
        list(APPEND todo ${more})
      endif()
    elseif(item MATCHES "\\.a$")
      list(APPEND files ${item})
    endif()
  endwhile()
  set(${out} ${files} PARENT_SCOPE)
endfunction()

# alv_library(<top layer>): makes both libraries of the layer and all that it stands on.
function(alv_library top)
  alv_layer_closure(layers ${top})
  set(objects)
  set(link)
  foreach(item IN LISTS layers)
    get_target_property(is_layer ${item} ALV_IS_LAYER)
    if(is_layer)
      list(APPEND objects $<TARGET_OBJECTS:${item}>)
      get_target_property(layer_link ${item} ALV_LAYER_LINK)
      list(APPEND link ${layer_link})
    endif()
  endforeach()
  list(REMOVE_DUPLICATES link)
  alv_read_exports(names)

  add_library(alviss SHARED ${objects})
  add_library(alviss::alviss ALIAS alviss)
  target_link_libraries(alviss PRIVATE ${link})
  set_target_properties(alviss PROPERTIES
    LINKER_LANGUAGE CXX
    VERSION ${PROJECT_VERSION}
    SOVERSION ${PROJECT_VERSION_MAJOR})
  alv_flags(alviss)
  if(WIN32)
    set(def "${CMAKE_CURRENT_BINARY_DIR}/alviss.def")
    list(JOIN names "\n  " body)
    file(CONFIGURE OUTPUT "${def}" CONTENT "LIBRARY alviss.dll\nEXPORTS\n  ${body}\n")
    target_sources(alviss PRIVATE "${def}")
    set_target_properties(alviss PROPERTIES PREFIX "")
    # The compiler's own libraries go inside: a game ships one DLL. (Windows unwinds by itself, so
    # that a static libgcc is no hindrance to exceptions there.)
    target_link_options(alviss PRIVATE -static -Wl,--gc-sections)
  else()
    target_sources(alviss PRIVATE "${PROJECT_SOURCE_DIR}/runtime/api/unload.cpp")
    set(map "${CMAKE_CURRENT_BINARY_DIR}/alviss.map")
    list(JOIN names ";\n    " body)
    file(CONFIGURE OUTPUT "${map}" CONTENT "{\n  global:\n    ${body};\n  local: *;\n};\n")
    set_property(TARGET alviss APPEND PROPERTY LINK_DEPENDS "${map}")
    # libstdc++ is inside and hidden; libgcc_s stays shared, because an exception of a host's
    # callback has to unwind through us.
    target_link_options(alviss PRIVATE
      -static-libstdc++ -Wl,--version-script=${map} -Wl,--exclude-libs,ALL -Wl,--gc-sections
      -Wl,--as-needed -Wl,-z,relro,-z,now)
    if(NOT (ALVISS_SANITIZE OR ALVISS_SANITIZE_THREADS OR ALVISS_FUZZ))  # a sanitizer's symbols come from the program
      target_link_options(alviss PRIVATE -Wl,--no-undefined)
    endif()
  endif()

  add_library(alviss_static STATIC ${objects})
  add_library(alviss::alviss_static ALIAS alviss_static)
  set_target_properties(alviss_static PROPERTIES LINKER_LANGUAGE CXX OUTPUT_NAME alviss)
  target_compile_definitions(alviss_static INTERFACE ALV_STATIC)
  alv_static_files(archives ${link})
  set(localize OFF)
  if(CMAKE_SYSTEM_NAME STREQUAL "Linux" AND NOT ALVISS_SANITIZE AND NOT ALVISS_FUZZ)
    set(localize ON)
  endif()
  list(JOIN archives "|" archives_joined)
  list(JOIN names "|" names_joined)
  add_custom_command(TARGET alviss_static POST_BUILD
    COMMAND "${CMAKE_COMMAND}" "-DLIBRARY=$<TARGET_FILE:alviss_static>" "-DARCHIVES=${archives_joined}"
            "-DNAMES=${names_joined}" -DLOCALIZE=${localize} "-DAR=${CMAKE_AR}"
            "-DLD=${CMAKE_LINKER}" "-DOBJCOPY=${CMAKE_OBJCOPY}"
            -P "${PROJECT_SOURCE_DIR}/cmake/merge_static.cmake"
    VERBATIM)
  if(link)
    add_dependencies(alviss_static alviss)  # the archives are built by then
  endif()
  if(WIN32)
    target_link_libraries(alviss_static INTERFACE -lstdc++)
  else()
    target_link_libraries(alviss_static INTERFACE -lstdc++ -lm -lpthread -ldl)
  endif()
  if(ALVISS_SANITIZE)
    target_link_options(alviss_static INTERFACE -fsanitize=address,undefined)
  endif()

  foreach(target alviss alviss_static)
    target_include_directories(${target} INTERFACE
      "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>" "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
  endforeach()
endfunction()

# alv_install(): the libraries, the headers, find_package(alviss) and pkg-config.
function(alv_install)
  include(CMakePackageConfigHelpers)
  set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/alviss")
  install(TARGETS alviss alviss_static EXPORT alviss-targets
    RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}"
    LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}"
    ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
  install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/alviss" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
    FILES_MATCHING PATTERN "*.h" PATTERN "*.hpp")
  install(EXPORT alviss-targets NAMESPACE alviss:: DESTINATION "${package_dir}")

  configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/alviss-config.cmake.in"
    "${CMAKE_CURRENT_BINARY_DIR}/alviss-config.cmake" INSTALL_DESTINATION "${package_dir}")
  # Before 1.0 a minor version may change the ABI.
  write_basic_package_version_file("${CMAKE_CURRENT_BINARY_DIR}/alviss-config-version.cmake"
    COMPATIBILITY SameMinorVersion)
  install(FILES "${CMAKE_CURRENT_BINARY_DIR}/alviss-config.cmake"
                "${CMAKE_CURRENT_BINARY_DIR}/alviss-config-version.cmake" DESTINATION "${package_dir}")

  # Relative to where the file lies, so that the installed tree can be moved.
  file(RELATIVE_PATH ALVISS_PC_PREFIX "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
  string(REGEX REPLACE "/$" "" ALVISS_PC_PREFIX "${ALVISS_PC_PREFIX}")
  configure_file("${PROJECT_SOURCE_DIR}/cmake/alviss.pc.in" "${CMAKE_CURRENT_BINARY_DIR}/alviss.pc" @ONLY)
  install(FILES "${CMAKE_CURRENT_BINARY_DIR}/alviss.pc"
    DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
endfunction()
