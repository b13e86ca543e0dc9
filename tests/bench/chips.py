"""The output of the program `chips`, one file a chip of one vendor, as a Markdown table: a row a pipeline,
a column a chip. Exits with 1 where a pipeline of the decode program spills."""

import json
import pathlib
import sys

# What the drivers call it: Mesa's RADV for AMD, its ANV for Intel.
SHARED = ("LDS size", "Workgroup Memory Size")
INSTRUCTIONS = ("Instructions", "Instruction Count")
SPILLS = ("Spilled VGPRs", "Spilled SGPRs", "Scratch size", "Spill Count", "Scratch Memory Size")


def read(path):
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    kernels = {(k["shader"], tuple(k["constants"])): k for k in lines[1:]}
    return {"name": path.stem, "about": lines[0], "kernels": kernels}


def number(kernel, *names):
    """The first of these statistics that the driver has."""
    return int(next(kernel["statistics"][name] for name in names if name in kernel["statistics"]))


def spills(kernel):
    had = {name: int(kernel["statistics"].get(name, 0)) for name in SPILLS}
    return {name: value for name, value in had.items() if value != 0}


def cell(kernel):
    if kernel is None:
        return "-"
    statistics = kernel["statistics"]
    if "VGPRs" in statistics:
        text = f'{number(kernel, "VGPRs")}+{number(kernel, "SGPRs")} · {number(kernel, "Subgroups per SIMD")}'
    else:
        text = f'{number(kernel, "Instruction Count")} · {number(kernel, "Subgroup size")}'
    return f"{text} **spills**" if spills(kernel) else text


def span(values):
    low, high = min(values), max(values)
    return str(low) if low == high else f"{low}-{high}"


def main():
    chips = [read(pathlib.Path(path)) for path in sys.argv[1:]]
    keys = list(dict.fromkeys(key for chip in chips for key in chip["kernels"]))
    for chip in chips:
        about = chip["about"]
        print(
            f'- {chip["name"]}: {about["device"]}, {about["driver"]}; plan: {about["row_lanes"]} row lanes, '
            f'{about["reduce_lanes"]} reduce lanes, {about["prefill_tokens"]} tokens of prefill'
        )
    print()
    names = [chip["name"] for chip in chips]
    print(f'| pipeline | in | shared bytes | instructions | {" | ".join(names)} |')
    print("|---" * (4 + len(names)) + "|")
    wrong = []
    for key in keys:
        made = [chip["kernels"].get(key) for chip in chips]
        there = [kernel for kernel in made if kernel is not None]
        name = f'{key[0]} ({", ".join(map(str, key[1]))})'
        phase = "decode" if any(k["decode"] for k in there) else "prefill, batches"
        shared = span([number(k, *SHARED) for k in there])
        instructions = span([number(k, *INSTRUCTIONS) for k in there])
        print(f'| {name} | {phase} | {shared} | {instructions} | {" | ".join(map(cell, made))} |')
        for chip, kernel in zip(chips, made):
            if kernel is not None and spills(kernel):
                numbers = ", ".join(f"{name} {value}" for name, value in spills(kernel).items())
                wrong.append((kernel["decode"], f'{name} on {chip["name"]}: {numbers}'))
    print()
    n_pipelines = sum(len(chip["kernels"]) for chip in chips)
    n_decode = sum(decode for decode, _ in wrong)
    print(
        f"Of {n_pipelines} pipelines {len(wrong)} spill or use scratch memory, "
        f"{n_decode} of them in the decode program."
    )
    for _, text in wrong:
        print(f"- {text}")
    return 1 if n_decode != 0 else 0


if __name__ == "__main__":
    sys.exit(main())
