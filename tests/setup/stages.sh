# The stages of tests/run.sh, in the order it runs them. A stage counts its failures and returns; the
# next one runs all the same.

# These test programs need no driver, or look for their own; all others use Vulkan.
ALV_CPU_LABELS='^(base|gguf|convert|text|schema|local|abi|chip)_tests$'

alv_newest_driver() {
    if [ -f "$ALV_MESA_NEW/ready" ]; then echo new; else echo old; fi
}

# The driver, and a cache of its compiled shaders in the build tree: from scratch is from scratch.
alv_use_test_driver() {
    alv_use_cpu_driver "$1"
    export MESA_SHADER_CACHE_DIR="$ALV_ROOT/build/mesa-cache-$1"
    mkdir -p "$MESA_SHADER_CACHE_DIR"
}

# Packages, models, tokenizer vectors, drivers. Without them there is nothing to go on with.
stage_setup() {
    # shellcheck disable=SC2086  # a list of words
    alv_install_packages $ALV_TEST_PACKAGES
    alv_fetch_smollm2
    alv_fetch_gemma3
    alv_fetch_minilm
    "$ALV_ROOT/tests/fetch_conformance.sh"
    if ! "$ALV_ROOT/tests/fetch_chroma.sh"; then
        echo "no Chroma server could be installed: its test is skipped"
    fi
    if ! alv_fetch_new_mesa; then
        alv_note_failure "no newer CPU driver could be had: all runs on this system's"
    fi
}

stage_build() {
    if ! alv_build "$ALV_ROOT/build" -- -DCMAKE_BUILD_TYPE=Release -DALVISS_WERROR=ON \
        -DALVISS_BUILD_TESTS=ON -DALVISS_BUILD_SAMPLES=ON; then
        alv_summary || true
        exit 1
    fi
    # By the converter of this very build: its tests read what it made.
    alv_check "convert all-MiniLM-L6-v2" alv_convert_minilm "$ALV_ROOT/build/bin/alviss" || true
}

# Everything, on the newest CPU driver.
stage_tests() {
    alv_use_test_driver "$(alv_newest_driver)"
    alv_ctest tests "$ALV_ROOT/build" "$@" || true
}

# What uses Vulkan, on Debian 12's own driver.
stage_old_driver() {
    alv_use_test_driver old
    local -x ALV_TEST_TOOL_CALLS=10  # the other stage makes 40
    alv_ctest old_driver "$ALV_ROOT/build" -LE "$ALV_CPU_LABELS" || true
}

# A driver without 8- and 16-bit storage, and with subgroups too small to share: kernels, and both
# models' tokens.
stage_swiftshader() {
    if ! alv_fetch_swiftshader; then
        alv_note_failure "SwiftShader could not be had"
        return 0
    fi
    alv_use_swiftshader
    alv_ctest swiftshader "$ALV_ROOT/build" -L '^(gpu|ops|model)_tests$' || true
    alv_check "both models' tokens are the goldens'" \
        "$ALV_ROOT/build/bin/golden_tests" --gtest_filter='Golden.*' || true
}

# What uses Vulkan, under the Khronos validation layer with synchronization validation. The layer
# prints what it finds, ctest keeps it in its log, and any of it is a failure. (Not the tool's tests:
# they read its standard output, where the layer prints.)
stage_validation() {
    alv_use_test_driver "$(alv_newest_driver)"
    local -x ALV_TEST_TOOL_CALLS=4
    local -x VK_LAYER_SETTINGS_PATH="$ALV_ROOT/tests/setup"
    local -x VK_INSTANCE_LAYERS=VK_LAYER_KHRONOS_validation
    alv_check "the layer reports a wrong argument and a hazard" validation_reports || true
    alv_ctest validation "$ALV_ROOT/build" -LE "$ALV_CPU_LABELS|^e2e_tests$" || true
    alv_check "no validation message in any test" validation_is_silent || true
}
validation_reports() {
    local probe="$ALV_ROOT/build/validation_probe"
    cc -std=c99 -o "$probe" "$ALV_ROOT/tests/setup/validation_probe.c" -lvulkan &&
        "$probe" >"$probe.log" &&
        grep -q 'VUID-vkCmdFillBuffer-dstOffset-00025' "$probe.log" &&
        grep -q 'SYNC-HAZARD-WRITE-AFTER-WRITE' "$probe.log"
}
validation_is_silent() {
    local log="$ALV_ROOT/build/Testing/Temporary/LastTest.log"
    grep -q 'Test Passed' "$log" && ! grep -E -A 2 'Validation (Error|Warning)' "$log"
}

# AddressSanitizer, LeakSanitizer and UndefinedBehaviorSanitizer. (Not the goldens: minutes of kernels,
# which sanitizers do not see; ops and model run the same host code.)
stage_sanitize() {
    alv_build "$ALV_ROOT/build-asan" -- -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_FLAGS_RELEASE="-O1 -g1" \
        -DALVISS_SANITIZE=ON -DALVISS_BUILD_TESTS=ON -DALVISS_BUILD_SAMPLES=OFF || return 0
    alv_use_test_driver "$(alv_newest_driver)"
    local -x ASAN_OPTIONS="detect_stack_use_after_return=1:strict_string_checks=1:allocator_may_return_null=1"
    local -x ALV_TEST_TOOL_CALLS=4
    local -x UBSAN_OPTIONS="print_stacktrace=1"
    local -x LSAN_OPTIONS="suppressions=$ALV_ROOT/tests/setup/lsan.supp:print_suppressions=0"
    alv_ctest sanitize "$ALV_ROOT/build-asan" -LE '^golden_tests$' || true
}

# ThreadSanitizer over schedules in which threads of a host generate, cancel and release everything in
# any order. (Without Vulkan: a driver's locks are not seen.)
stage_threads() {
    local -x ALVISS_INTERLEAVINGS=500
    [ "$alv_long" = no ] || ALVISS_INTERLEAVINGS=10000
    alv_build "$ALV_ROOT/build-tsan" abi_tests knowledge_tests -- -DCMAKE_BUILD_TYPE=Release \
        -DCMAKE_CXX_FLAGS_RELEASE="-O1 -g1" -DALVISS_SANITIZE_THREADS=ON -DALVISS_BUILD_TESTS=ON \
        -DALVISS_BUILD_SAMPLES=OFF || return 0
    alv_check "$ALVISS_INTERLEAVINGS interleavings, no data race" \
        "$ALV_ROOT/build-tsan/bin/abi_tests" --gtest_filter='Interleaving.*:Teardown.*:Knowledge.*' || true
    alv_check "knowledge bases, no data race" \
        "$ALV_ROOT/build-tsan/bin/knowledge_tests" --gtest_filter='Knowledge.*:SearchQueue.*:SavedIndex.*' || true
}

# Only by --long. The tests themselves run in every stage, at a sample.
stage_memory() {
    alv_use_test_driver "$(alv_newest_driver)"
    local -x ALVISS_OOM_STEP=1
    alv_check "memory runs out at every allocation" "$ALV_ROOT/build/bin/oom_tests" || true
}
stage_reload() {
    alv_use_test_driver "$(alv_newest_driver)"
    local -x ALVISS_RELOADS=100
    alv_check "100 reloads" "$ALV_ROOT/build/bin/abi_library_tests" --gtest_filter='Reload.*' || true
}

stage_draws() {
    alv_use_test_driver "$(alv_newest_driver)"
    local -x ALV_TEST_DOCUMENTS=10000 ALV_TEST_TOOL_CALLS=1000
    alv_check "10,000 documents a schema" "$ALV_ROOT/build/bin/schema_tests" --gtest_filter='Draw.*' || true
    alv_check "10,000 documents a schema and vocabulary" \
        "$ALV_ROOT/build/bin/local_model_tests" --gtest_filter='VocabularyDraw.*' || true
    alv_check "1,000 tool calls" \
        "$ALV_ROOT/build/bin/local_model_tests" --gtest_filter='RealModel.EveryCall*' || true
}
stage_kills() {
    local -x ALVISS_KILL_ROUNDS=1000
    alv_check "1,000 kills" "$ALV_ROOT/build/bin/knowledge_tests" --gtest_filter='Store.NoKill*' || true
}

# Each fuzz target for a set time, from its seeds.
stage_fuzz() {
    alv_build "$ALV_ROOT/build-fuzz" fuzzers -- -DCMAKE_BUILD_TYPE=Release \
        -DCMAKE_CXX_FLAGS_RELEASE="-O1 -g1" -DCMAKE_C_COMPILER=clang-19 -DCMAKE_CXX_COMPILER=clang++-19 \
        -DALVISS_SANITIZE=ON -DALVISS_FUZZ=ON -DALVISS_BUILD_TESTS=ON -DALVISS_BUILD_SAMPLES=OFF \
        -DALVISS_FUZZ_SECONDS="${ALVISS_FUZZ_SECONDS:-$([ "$alv_long" = no ] && echo 30 || echo 600)}" || return 0
    alv_ctest fuzz "$ALV_ROOT/build-fuzz" -L '^fuzz$' || true
}

# What a user gets: the installed library, its exports, its dependencies, its size, and programs that
# find it by find_package and by pkg-config.
stage_install() {
    local prefix="$ALV_ROOT/build/installed"
    rm -rf "$prefix"
    alv_check "install" cmake --install "$ALV_ROOT/build" --prefix "$prefix" --strip || return 0
    local library="$prefix/lib/libalviss.so"
    [ -f "$library" ] || library="$(find "$prefix" -name libalviss.so | head -n 1)"
    alv_check "exports are exactly cmake/exports.txt" install_exports "$library" || true
    alv_check "static library shows nothing else" install_static_exports "${library%.so}.a" || true
    alv_check "needs libc, libm and libgcc_s only" install_needs "$library" || true
    alv_check "stripped library is under 8 MB" install_is_small "$library" || true
    alv_use_test_driver "$(alv_newest_driver)"
    alv_check "find_package(alviss) builds and runs hello.c" install_find_package "$prefix" || true
    alv_check "pkg-config builds and runs hello.c" \
        install_pkg_config "$ALV_ROOT/samples/hello.c" "$(dirname "$library")" || true
    alv_check "README.md's C compiles and speaks as it is" install_readme "$(dirname "$library")" || true
    alv_check "README.md's functions do what they say" \
        install_readme_functions "$(dirname "$library")" || true
}
alv_listed_exports() { grep '^[a-z]' "$ALV_ROOT/cmake/exports.txt" | tr -d ' \r' | sort; }
install_exports() {
    nm -D --defined-only "$1" | awk '{print $3}' | sort >"$ALV_LOGS/exports.found"
    alv_listed_exports | diff - "$ALV_LOGS/exports.found"
}
install_static_exports() {
    nm -g --defined-only "$1" | awk 'NF == 3 {print $3}' | sort >"$ALV_LOGS/exports.static"
    alv_listed_exports | diff - "$ALV_LOGS/exports.static"
}
install_needs() {
    readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' >"$ALV_LOGS/needed"
    cat "$ALV_LOGS/needed"
    ! grep -vE '^(libc\.so\.6|libm\.so\.6|libpthread\.so\.0|libdl\.so\.2|libgcc_s\.so\.1|ld-linux.*)$' \
        "$ALV_LOGS/needed"
}
install_is_small() {
    local size
    size="$(stat -L -c %s "$1")"
    echo "$size bytes"
    [ "$size" -lt 8000000 ]
}
install_find_package() {
    local folder="$ALV_ROOT/build/consumer" program
    rm -rf "$folder"
    cmake -S "$ALV_ROOT/tests/consumer" -B "$folder" -G Ninja -DCMAKE_PREFIX_PATH="$1" &&
        cmake --build "$folder" || return 1
    for program in hello_shared hello_static; do
        install_says_something "$folder/$program" || return 1
    done
}
# install_pkg_config source library-folder
install_pkg_config() {
    local program
    program="$ALV_ROOT/build/$(basename "$1" .c)_pkg_config"
    local -x PKG_CONFIG_PATH="$2/pkgconfig"
    # shellcheck disable=SC2046  # a list of words
    cc -std=c99 -Wall -Wextra -Wpedantic -Werror "$1" -o "$program" \
        $(pkg-config --cflags --libs alviss) -Wl,-rpath,"$2" &&
        install_says_something "$program"
}
install_readme() {
    local source="$ALV_ROOT/build/readme.c"
    awk '/^```/ { inside = $0 == "```c"; next } inside' "$ALV_ROOT/README.md" >"$source"
    [ "$(grep -c 'int main' "$source")" -eq 1 ] && install_pkg_config "$source" "$1"
}
# After install_readme, which takes the source out of README.md.
install_readme_functions() {
    local program="$ALV_ROOT/build/readme_driver" folder="$ALV_ROOT/build/readme"
    local -x PKG_CONFIG_PATH="$1/pkgconfig"
    mkdir -p "$folder/rules"
    echo "In the tavern nobody draws a blade. Who does leaves." >"$folder/rules/tavern.txt"
    # shellcheck disable=SC2046  # a list of words
    cc -std=c99 -Wall -Wextra -Wpedantic -Werror -I"$ALV_ROOT/build" \
        "$ALV_ROOT/tests/consumer/readme_driver.c" -o "$program" \
        $(pkg-config --cflags --libs alviss) -Wl,-rpath,"$1" &&
        "$program" "$ALV_SMOLLM2" "$folder"
}
install_says_something() {
    local said
    said="$("$1" "$ALV_SMOLLM2")" || return 1
    printf '%s\n' "$said"
    [ -n "$said" ]
}

# Windows, by cross-compiling: the library and the tool link, export the same list, and need nothing
# that Windows does not have.
stage_windows() {
    alv_build "$ALV_ROOT/build-mingw" -- --toolchain "$ALV_ROOT/cmake/mingw-w64.cmake" \
        -DCMAKE_BUILD_TYPE=Release -DALVISS_BUILD_TESTS=OFF -DALVISS_BUILD_SAMPLES=ON || return 0
    alv_check "the DLL exports exactly cmake/exports.txt" windows_exports || true
    alv_check "DLL and tool need only Windows and each other" windows_needs || true
}
windows_exports() {
    x86_64-w64-mingw32-objdump -p "$ALV_ROOT/build-mingw/bin/alviss.dll" |
        sed -n 's/^\s*\[ *[0-9]*\] \(+base\[ *[0-9]*\] \)\?\(  *[0-9a-f]* \)\?\([a-z_0-9]*\)$/\3/p' |
        grep '^alv_' | sort -u >"$ALV_LOGS/exports.dll"
    alv_listed_exports | diff - "$ALV_LOGS/exports.dll"
}
windows_needs() {
    x86_64-w64-mingw32-objdump -p "$ALV_ROOT"/build-mingw/bin/alviss.dll "$ALV_ROOT"/build-mingw/bin/alviss.exe |
        sed -n 's/.*DLL Name: //p' | sort -u >"$ALV_LOGS/needed.dll"
    cat "$ALV_LOGS/needed.dll"
    ! grep -viE '^(kernel32|msvcrt|ucrtbase|api-ms-win-.*|user32|advapi32|shell32|ws2_32|ole32|alviss)\.dll$' \
        "$ALV_LOGS/needed.dll"
}

# Layout of the sources.
stage_style() {
    alv_check "clang-format" style_format || true
}
style_format() {
    git -C "$ALV_ROOT" ls-files '*.h' '*.hpp' '*.c' '*.cpp' >"$ALV_LOGS/sources"
    [ -s "$ALV_LOGS/sources" ] && (cd "$ALV_ROOT" && xargs clang-format --dry-run -Werror <"$ALV_LOGS/sources")
}

# What .clang-tidy asks of the library and the tool, with the commands of the release build.
stage_tidy() {
    alv_check "clang-tidy" tidy_library || true
}
tidy_library() {
    local folder="$ALV_ROOT/build/tidy"
    mkdir -p "$folder"
    # The commands are gcc's; clang does not know these flags of theirs.
    sed 's/ -fno-gnu-unique//g; s/ -Wno-restrict//g' "$ALV_ROOT/build/compile_commands.json" >"$folder/compile_commands.json" || return 1
    git -C "$ALV_ROOT" ls-files 'runtime/*.cpp' 'samples/*.cpp' ':!*_windows.cpp' >"$ALV_LOGS/tidied"
    [ -s "$ALV_LOGS/tidied" ] || return 1
    (cd "$ALV_ROOT" &&
        xargs -P "$ALV_JOBS" -n 4 clang-tidy-19 -p "$folder" --quiet <"$ALV_LOGS/tidied") \
        >"$ALV_LOGS/findings" 2>&1 && return 0
    grep -F ' error: ' "$ALV_LOGS/findings" || tail -n 40 "$ALV_LOGS/findings"
    return 1
}
