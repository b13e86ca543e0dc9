#!/usr/bin/env bash
# From a bare machine to a chat with a small model: samples/try.sh [prompt]
# Installs what is missing, builds into build/, fetches SmolLM2 135M (98 MB) and talks to it: on a GPU
# where there is one, else on the CPU by Mesa's lavapipe.
set -euo pipefail
# shellcheck source=samples/setup.sh
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

# shellcheck disable=SC2086  # lists of words
alv_install_packages $ALV_BUILD_PACKAGES $ALV_RUN_PACKAGES

alv_say "Building into build/ (the first time takes some minutes)"
build="$ALV_ROOT/build"
mkdir -p "$build"
# What an earlier run or tests/run.sh chose stays; a new folder gets a release of library and tool.
if ! { { [ -f "$build/build.ninja" ] || cmake -S "$ALV_ROOT" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release \
    -DALVISS_BUILD_TESTS=OFF -DALVISS_BUILD_SAMPLES=ON; } &&
    cmake --build "$build" --target alviss_tool; } </dev/null >"$build/try.log" 2>&1; then
    tail -n 40 "$build/try.log" >&2
    alv_die "The build failed; all of what it said is in build/try.log"
fi

alv_fetch_smollm2

if alv_has_gpu; then
    alv_say "A GPU is here: its own driver is used"
elif alv_fetch_new_mesa; then
    alv_say "No GPU with a driver is here: the CPU runs it, by lavapipe (Mesa $(cat "$ALV_MESA_NEW/ready"))"
    alv_use_cpu_driver new
else
    alv_say "No GPU with a driver is here, nor a newer Mesa: the CPU runs it, by this system's lavapipe, more slowly"
    alv_use_cpu_driver old
fi

if [ $# -eq 0 ] && ! { [ -t 0 ] && [ -t 1 ]; }; then
    set -- "Explain in two sentences why the sky is blue."
    alv_say "There is no terminal and no prompt was given; asking: $1"
fi
exec "$build/bin/alviss" chat --model "$ALV_SMOLLM2" "$@"
