#!/usr/bin/env bash
# On a machine with a GPU (made for NVIDIA's H100 and H200), without a network: proves the kernels, measures
# models of 7B and 1B shape with random weights beside llama.cpp's Vulkan backend, and writes a table.
#   tests/bench/gpu.sh --out DIR [options]
#   --build DIR        a Release build with tests and tool; else build-gpu/ is built here
#   --peer DIR         llama.cpp's libraries with the Vulkan backend (what fetch_peer.sh prints, copied here);
#                      else ours is measured alone
#   --bandwidth GB/S   the device's nominal memory bandwidth: H100 SXM 3350, H200 4800
#   --device NAME      part of the device's name, for ours; else the first usable one
#   --driver NAME      system (default), new or old: see compare.py
#   --models DIR       where the random models lie (9 GB; written where they are missing); else OUT/models
#   --shape tiny       small models and short rows, to try the script; else full
#   --pairs N          default: 5, or 3 where a run takes over a minute
#   --skip-tests       measures only
# Leaves OUT/table.md, OUT/speed-MODEL.svg, OUT/runs-MODEL.json, OUT/doctor.json and OUT/tests/*.log. Goes on where it
# was interrupted. Exit code: 0; 1 where a test failed or a row was refused.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
root="$(cd "$here/../.." && pwd)"

say() { printf '%s\n' "$*" >&2; }
die() {
    say "$*"
    exit 2
}

out="" build="" peer="" bandwidth="" device="" driver=system models="" shape=full pairs="" tests=yes
while [ $# -gt 0 ]; do
    case "$1" in
        --skip-tests) tests=no ;;
        --out | --build | --peer | --bandwidth | --device | --driver | --models | --shape | --pairs)
            [ $# -ge 2 ] || die "$1 needs a value"
            declare "${1#--}=$2"
            shift
            ;;
        -h | --help)
            sed -n '2,17s/^# \?//p' "${BASH_SOURCE[0]}"
            exit 0
            ;;
        *) die "Unknown option $1; see --help" ;;
    esac
    shift
done
[ -n "$out" ] || die "--out DIR is missing; see --help"
case "$shape" in full | tiny) ;; *) die "--shape is full or tiny" ;; esac
mkdir -p "$out"
out="$(cd "$out" && pwd)"
models="${models:-$out/models}"
mkdir -p "$models" "$out/tests"

if [ -z "$build" ]; then
    build="$root/build-gpu"
    say "Building into $build"
    if ! { cmake -S "$root" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DALVISS_BUILD_TESTS=ON \
        -DALVISS_BUILD_SAMPLES=ON && cmake --build "$build" --target alviss_tool gpu_tests ops_tests \
        model_tests golden_tests; } >"$out/build.log" 2>&1; then
        tail -n 40 "$out/build.log" >&2
        die "The build failed; all of what it said is in $out/build.log"
    fi
fi
tool="$build/bin/alviss"
[ -x "$tool" ] || die "No $tool"

failed=0
results=()
# check name command...: its output goes to a file; the table says how it went.
check() {
    local name="$1" code=0 start=$SECONDS
    shift
    say "Checking: $name"
    "$@" >"$out/tests/$name.log" 2>&1 </dev/null || code=$?
    if [ $code -eq 0 ]; then
        results+=("| $name | passed$(counted "$out/tests/$name.log") | $((SECONDS - start)) s |")
    else
        failed=1
        results+=("| $name | **failed**, exit code $code$(counted "$out/tests/$name.log") | $((SECONDS - start)) s |")
        tail -n 20 "$out/tests/$name.log" >&2
    fi
}
# What googletest counted.
counted() { sed -n 's/^\[  \(PASSED\|SKIPPED\|FAILED\)  *\] \([0-9]* tests\?\).*/, \L\1\E \2/p' "$1" | tr -d '\n'; }

# The driver of compare.py, for the checks too.
# shellcheck disable=SC2317  # called by check
in_driver() {
    python3 - "$here" "$driver" "$@" <<'PYTHON'
import os, sys
sys.path.insert(0, sys.argv[1])
from comparison import drivers
one = drivers.parse(sys.argv[2])
env = dict(os.environ)
if one.icd:
    env.update({key: value for key, value in one.environment("").items() if key.startswith(("VK_", "LD_"))})
os.execvpe(sys.argv[3], sys.argv[3:], env)
PYTHON
}

of_device=()
[ -z "$device" ] || of_device=(--device "$device")
check doctor in_driver "$tool" doctor "${of_device[@]}" --json
cp "$out/tests/doctor.log" "$out/doctor.json"
if [ $tests = yes ]; then
    # Each runs every tier that the device offers, and simpler ones by leaving features out.
    for program in gpu_tests ops_tests model_tests; do
        if [ -x "$build/bin/$program" ]; then
            check $program in_driver "$build/bin/$program"
        else
            failed=1
            results+=("| $program | **missing**: not in $build/bin | |")
        fi
    done
    real="$(sed -n 's/^ALVISS_MODEL_DIR:[A-Z]*=//p' "$build/CMakeCache.txt")" # as the tests were built
    if [ -f "$real/SmolLM2-135M-Instruct.Q4_1.gguf" ] && [ -f "$real/gemma-3-270m-q4_k_m.gguf" ]; then
        check golden_tests in_driver "$build/bin/golden_tests"
    else
        results+=("| golden_tests | not run: no real models in $real | |")
    fi
fi

if [ $shape = tiny ]; then
    wanted=("tiny Q4_0" "tiny Q4_K" "tiny Q8_0")
    rows=decode@0,decode@64,prefill@64,batch@2
    sizes=(--decode 8 --repeat 1)
else
    wanted=("7b Q4_0" "7b Q4_K" "1b Q8_0")
    rows=decode@0,decode@4096,prefill@512,prefill@2048,batch@8,batch@16,batch@32
    sizes=(--decode 128)
fi
against=(--against none)
[ -z "$peer" ] || against=(--against vulkan --peer "$peer")
: >"$out/measured.md"
first_line=1
for one in "${wanted[@]}"; do
    read -r of_shape type <<<"$one"
    model="$models/random-$of_shape-$type.gguf"
    if [ ! -f "$model" ]; then
        say "Writing $model"
        python3 -B "$here/random_model.py" --shape "$of_shape" --type "$type" "$model"
    fi
    name="$(basename "$model" .gguf)"
    say "Measuring $name"
    python3 -B "$here/compare.py" --alviss "$tool" --model "$model" --driver "$driver" --rows "$rows" \
        "${sizes[@]}" "${against[@]}" ${device:+--device "$device"} ${pairs:+--pairs "$pairs"} --targets datacenter \
        ${bandwidth:+--bandwidth "$bandwidth"} --out "$out/runs-$name.json" --plot "$out/speed-$name.svg" \
        --markdown "$out/table-$name.md" >/dev/null || failed=1
    if [ -f "$out/table-$name.md" ]; then
        sed -n "$first_line,\$p" "$out/table-$name.md" >>"$out/measured.md"
        first_line=3 # one head for all models
    else
        results+=("| measuring $name | **failed** | |")
    fi
    rm -f "$out/table-$name.md"
done

{
    python3 - "$out/doctor.json" <<'PYTHON'
import json, sys
lines = open(sys.argv[1]).read().strip().splitlines()
runtime = json.loads(lines[-1] if lines else "{}").get("runtime", {})
device = runtime.get("device", {})
print(f"Device: {device.get('name', 'unknown')}, {device.get('driver', '')}\n")
for choice in runtime.get("variants", []):
    print(f"- {choice['name']}: {choice['value']} ({choice['reason']})")
PYTHON
    printf '\n| check | result | time |\n|---|---|---|\n'
    printf '%s\n' "${results[@]}"
    echo
    cat "$out/measured.md"
} >"$out/table.md"
rm -f "$out/measured.md"
cat "$out/table.md"
exit $failed
