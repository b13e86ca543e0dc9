#!/usr/bin/env bash
# What AMD's compiler makes of the kernels, for chips that are not there: a Markdown table.
#   tests/bench/chips.sh [BUILD]    BUILD (build): where the program `chips` was built
# The figures of each chip stay in BUILD/chips/CHIP.jsonl. Needs the models of tests/run.sh.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# shellcheck source=samples/setup.sh
. "$here/../../samples/setup.sh"
# shellcheck source=tests/setup/drivers.sh
. "$here/../setup/drivers.sh"

build="${1:-$ALV_ROOT/build}"
[ -x "$build/bin/chips" ] ||
    alv_die "No $build/bin/chips: cmake -B $build -DALVISS_BUILD_BENCHMARKS=ON, then cmake --build $build --target chips"
alv_install_packages mesa-vulkan-drivers
alv_fetch_new_radv || alv_die "The newer driver could not be had"
mkdir -p "$build/chips"
export MESA_SHADER_CACHE_DISABLE=true # what is cached was compiled by who knows what

files=()
# chips_of new|old family...: with that driver
chips_of() {
    alv_use_radv "$1"
    shift
    local family file
    for family in "$@"; do
        file="$build/chips/$family.jsonl"
        RADV_FORCE_FAMILY="$family" "$build/bin/chips" >"$file" 2>"$file.log" || {
            cat "$file.log" >&2
            alv_die "$family failed"
        }
        # A name that the driver does not know would give whatever else is there.
        head -n 1 "$file" | grep -qi "null hardware.*$family" || alv_die "No $family: $(head -n 1 "$file")"
        files+=("$file")
    done
}
chips_of old polaris10 vega10 navi10 navi21
chips_of new navi31 gfx1150 gfx1200
python3 "$here/chips.py" "${files[@]}"
