"""The output of the program `chips`, one file a chip, as a Markdown table: a row a pipeline, a column a
chip. Exits with 1 where a pipeline of the decode program spills."""

import json
import pathlib
import sys


def read(path):
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    kernels = {(k["shader"], tuple(k["constants"])): k for k in lines[1:]}
    return {"name": path.stem, "about": lines[0], "kernels": kernels}


def number(kernel, name):
    return int(kernel["statistics"][name])


def spills(kernel):
    return {
        name: number(kernel, name)
        for name in ("Spilled VGPRs", "Spilled SGPRs", "Scratch size")
        if number(kernel, name) != 0
    }


def cell(kernel):
    if kernel is None:
        return "-"
    text = (
        f'{number(kernel, "VGPRs")}+{number(kernel, "SGPRs")} · '
        f'{number(kernel, "Subgroups per SIMD")}'
    )
    return f"**{text} spills**" if spills(kernel) else text


def span(values):
    low, high = min(values), max(values)
    return str(low) if low == high else f"{low}-{high}"


def main():
    chips = [read(pathlib.Path(path)) for path in sys.argv[1:]]
    keys = list(dict.fromkeys(key for chip in chips for key in chip["kernels"]))
    for chip in chips:
        about = chip["about"]
        print(
            f'- {chip["name"]}: {about["driver"]}; plan: tier {about["tier"]}, '
            f'{about["row_lanes"]} row lanes, {about["reduce_lanes"]} reduce lanes, '
            f'{about["prefill_tokens"]} tokens of prefill'
        )
    print()
    names = [chip["name"] for chip in chips]
    print(f'| pipeline | in | LDS, bytes | instructions | {" | ".join(names)} |')
    print("|---" * (4 + len(names)) + "|")
    wrong = []
    for key in keys:
        made = [chip["kernels"].get(key) for chip in chips]
        there = [kernel for kernel in made if kernel is not None]
        constants = ", ".join(map(str, key[1]))
        phase = "decode" if any(k["decode"] for k in there) else "prefill"
        lds = span([number(k, "LDS size") for k in there])
        instructions = span([number(k, "Instructions") for k in there])
        cells = " | ".join(map(cell, made))
        print(f"| {key[0]} ({constants}) | {phase} | {lds} | {instructions} | {cells} |")
        for chip, kernel in zip(chips, made):
            if kernel is not None and spills(kernel):
                wrong.append((kernel["decode"], f'{key[0]} ({constants}) on {chip["name"]}: {spills(kernel)}'))
    print()
    n_pipelines = sum(len(chip["kernels"]) for chip in chips)
    if not wrong:
        print(f"No spills and no scratch in any of the {n_pipelines} pipelines.")
    for _, text in wrong:
        print(f"- spills: {text}")
    return 1 if any(decode for decode, _ in wrong) else 0


if __name__ == "__main__":
    sys.exit(main())
