#!/usr/bin/env bash
# What the compilers for AMD and Intel make of the kernels, for chips that are not there: Markdown tables.
#   tests/bench/chips.sh [BUILD]    BUILD (build): where the program `chips` was built
# The figures of each chip stay in BUILD/chips/CHIP.jsonl. Needs the models of tests/run.sh. Exits with 1
# where a kernel of the decode program spills.
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
alv_fetch_new_radv || alv_die "The newer driver for AMD could not be had"
alv_make_intel_shim || alv_die "The stub of Intel's GPUs could not be made"
mkdir -p "$build/chips"
export MESA_SHADER_CACHE_DISABLE=true # what is cached was compiled by who knows what

# figures_of chip name command...: those of the device whose name matches, into $files
figures_of() {
    local chip="$1" name="$2" file="$build/chips/$1.jsonl"
    shift 2
    if ! "$@" >"$file" 2>"$file.log"; then
        cat "$file.log" >&2
        alv_die "$chip failed"
    fi
    # A name that the driver does not know may give whatever else is there.
    head -n 1 "$file" | grep -qi "\"device\":\"[^\"]*$name" || alv_die "No $chip: $(head -n 1 "$file")"
    files+=("$file")
}
failed=0

files=()
for family in polaris10 vega10 navi10 navi21; do
    alv_use_radv old
    figures_of $family $family env RADV_FORCE_FAMILY=$family "$build/bin/chips"
done
for family in navi31 gfx1150 gfx1200; do
    alv_use_radv new
    figures_of $family $family env RADV_FORCE_FAMILY=$family "$build/bin/chips"
done
printf '### AMD\n'
python3 "$here/chips.py" "${files[@]}" || failed=1

files=()
for chip in skl tgl dg2; do
    alv_use_intel $chip
    figures_of $chip "($chip" env LD_PRELOAD="$ALV_INTEL_SHIM/libshim.so" "$build/bin/chips"
done
printf '\n### Intel\n'
python3 "$here/chips.py" "${files[@]}" || failed=1
exit $failed
