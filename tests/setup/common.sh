# The frame of tests/run.sh: stages with their time, checks that are counted, ctest runs added up.
# Sourced after samples/setup.sh.

ALV_TEST_PACKAGES="$ALV_BUILD_PACKAGES $ALV_RUN_PACKAGES pkg-config binutils git libgtest-dev libcurl4-openssl-dev
    python3-jsonschema
    vulkan-validationlayers clang-19 libclang-rt-19-dev clang-tidy-19 g++-mingw-w64-x86-64-posix clang-format"
ALV_LOGS="$ALV_ROOT/build/logs"
ALV_JOBS="$(nproc)"

alv_passed=0
alv_failed=0
alv_skipped=0
alv_failures=""
alv_stage_name=""

# alv_stage name: starts a stage; says how long the one before took.
alv_stage() {
    alv_stage_end
    alv_stage_name="$1"
    alv_stage_start=$SECONDS
    printf '\n== %s\n' "$1"
}
alv_stage_end() {
    [ -z "$alv_stage_name" ] || printf '== %s: %d s\n' "$alv_stage_name" $((SECONDS - alv_stage_start))
    alv_stage_name=""
}

alv_note_failure() {
    alv_failed=$((alv_failed + ${2:-1}))
    alv_failures="$alv_failures
  $alv_stage_name: $1"
}

# alv_check "what it proves" command...: one counted check; what it printed is shown when it fails.
# (The command runs in an `if`, where set -e sleeps: it chains with && or returns at its first failure.)
alv_check() {
    local what="$1" log
    shift
    mkdir -p "$ALV_LOGS"
    log="$ALV_LOGS/$(printf '%s-%s' "$alv_stage_name" "$what" | tr -c 'A-Za-z0-9\n' '-').log"
    if ("$@") </dev/null >"$log" 2>&1; then
        alv_passed=$((alv_passed + 1))
        printf 'ok      %s\n' "$what"
    else
        alv_note_failure "$what ($log)"
        printf 'FAILED  %s\n' "$what"
        tail -n 40 "$log"
        return 1
    fi
}

# alv_ctest name build-folder arguments...: runs ctest there and adds up its tests.
alv_ctest() {
    local name="$1" folder="$2" xml head tests failed skipped code=0
    shift 2
    mkdir -p "$ALV_LOGS"
    xml="$ALV_LOGS/$name.xml"
    rm -f "$xml"
    (cd "$folder" && ctest --output-on-failure --no-tests=error -j "$ALV_JOBS" --output-junit "$xml" "$@") \
        </dev/null || code=$?
    # <testsuite name="..." tests="9" failures="0" disabled="0" skipped="0" ...>, one attribute a line
    head="$(head -n 12 "$xml" 2>/dev/null || true)"
    tests="$(alv_attribute tests "$head")"
    failed="$(alv_attribute failures "$head")"
    skipped="$(alv_attribute skipped "$head")"
    if [ "$tests" -eq 0 ]; then
        alv_note_failure "$name ran no test"
        return 1
    fi
    # A test whose program is missing is "not run": no failure in the sum, but in the exit status.
    if [ "$code" -ne 0 ] && [ "$failed" -eq 0 ]; then
        failed="$skipped"
        skipped=0
        [ "$failed" -gt 0 ] || failed=1
    fi
    alv_passed=$((alv_passed + tests - failed - skipped))
    alv_skipped=$((alv_skipped + skipped))
    if [ "$failed" -gt 0 ]; then
        alv_note_failure "$failed of $tests tests of $name" "$failed"
        return 1
    fi
}
alv_attribute() {
    local value
    value="$(sed -n "s/^[[:space:]]*$1=\"\([0-9]*\)\".*/\1/p" <<<"$2" | head -n 1)"
    echo "${value:-0}"
}

# alv_summary: the last lines; false when anything failed.
alv_summary() {
    alv_stage_end
    [ -z "$alv_failures" ] || printf '\nFailed:%s\n' "$alv_failures"
    printf '\n%d s in all\n%d passed, %d failed, %d skipped\n' \
        "$SECONDS" "$alv_passed" "$alv_failed" "$alv_skipped"
    [ "$alv_failed" -eq 0 ] && [ "$alv_passed" -gt 0 ]
}

# alv_build folder [targets...] -- cmake-arguments...: configures and builds; one check.
alv_build() {
    alv_check "build $(basename "$1")" alv_configure_and_build "$@"
}
alv_configure_and_build() {
    local folder="$1" targets=()
    shift
    while [ $# -gt 0 ] && [ "$1" != -- ]; do
        targets+=(--target "$1")
        shift
    done
    shift
    cmake -S "$ALV_ROOT" -B "$folder" -G Ninja "$@" &&
        cmake --build "$folder" --parallel "$ALV_JOBS" "${targets[@]}"
}
