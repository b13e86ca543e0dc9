# Makes the static library whole: LIBRARY (our objects) plus the members of ARCHIVES it needs. Where
# LOCALIZE is on, all becomes one object in which only NAMES stay visible, so that a host with its own
# protobuf, PCRE2 or second copy of us meets no clash.
string(REPLACE "|" ";" ARCHIVES "${ARCHIVES}")
string(REPLACE "|" "\n" names "${NAMES}")

function(run)
  execute_process(COMMAND ${ARGV} RESULT_VARIABLE failed)
  if(NOT failed EQUAL 0)
    message(FATAL_ERROR "failed (${failed}): ${ARGV}")
  endif()
endfunction()

if(LOCALIZE)
  set(object "${LIBRARY}.o")
  file(WRITE "${LIBRARY}.names" "${names}\n")
  # Groups are resolved here: a localized member of one that the final link drops would dangle.
  run("${LD}" -r --force-group-allocation -o "${object}"
      --whole-archive "${LIBRARY}" --no-whole-archive --start-group ${ARCHIVES} --end-group)
  run("${OBJCOPY}" "--keep-global-symbols=${LIBRARY}.names" "${object}")
  file(REMOVE "${LIBRARY}" "${LIBRARY}.names")
  run("${AR}" qcs "${LIBRARY}" "${object}")
  file(REMOVE "${object}")
elseif(ARCHIVES)
  set(script "OPEN ${LIBRARY}\n")
  foreach(archive IN LISTS ARCHIVES)
    string(APPEND script "ADDLIB ${archive}\n")
  endforeach()
  string(APPEND script "SAVE\nEND\n")
  file(WRITE "${LIBRARY}.mri" "${script}")
  execute_process(COMMAND "${AR}" -M INPUT_FILE "${LIBRARY}.mri" RESULT_VARIABLE failed)
  if(NOT failed EQUAL 0)
    message(FATAL_ERROR "${AR} -M failed (${failed})")
  endif()
  file(REMOVE "${LIBRARY}.mri")
endif()
