"""Times the alviss tool beside llama.cpp: same driver, same model, same token ids, row by row, in turn.

    python compare.py                          the whole table: both lavapipes, both models
    python compare.py --driver new --model FILE --rows decode@0,prefill@512 --pairs 3 --plot speed.svg

Each pair is one run of ours and one of each peer's, the order swapped from pair to pair, never two at once.
Finished runs are kept in --out: an interrupted table goes on where it stopped. Rows:
  decode@DEPTH   tokens a second after DEPTH tokens (0: after a short prompt whose reply the goldens know)
  prefill@N      tokens a second of a prompt of N
  batch@N        N sessions that generate at the same time, all together; also beside our own batch of 1
  first-cold     empty shader and pipeline caches; ms from the process's start to the first token of a short
                 prompt. Ours is the whole life of a process that makes one token; the peer's clock stops there
  first-warm     the same, the caches kept
  load           ms until the model is ready, the caches kept
  memory         of ours: device memory and heap, without weights and kv cache
Medians, with the lowest and highest, the ratio of medians (ours through its; less is better for ms) and what
the project aims at. A row is refused where ours has wrong log-probabilities or tokens: by tests/goldens, and
by the peer's tokens where its logits are sure. Exit code: 0; 1 where a row was refused.
"""

import argparse
import hashlib
import json
import sys
import tempfile
from pathlib import Path

from comparison import drivers, plot, record, rows, sides

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
NPM = drivers.CACHE / "peer/node_modules/@node-llama-cpp"
PEERS = {"vulkan": NPM / "linux-x64-vulkan/bins/linux-x64-vulkan", "cpu": NPM / "linux-x64/bins/linux-x64"}
MODELS = ["SmolLM2-135M-Instruct.Q4_1.gguf", "gemma-3-270m-q4_k_m.gguf"]


def build_id(tool):
    """The tool and the library beside it: figures of two builds are not mixed."""
    tool = Path(tool)
    if not tool.exists():
        raise SystemExit(f"no {tool}: build the target alviss_tool first")
    digest = hashlib.sha256()
    for file in [tool, *sorted((tool.parent.parent / "lib").glob("libalviss*"))]:
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def peers_of(args):
    if args.against == "none":
        return {}
    out = {}
    for name in args.against.split(","):
        if name not in PEERS:
            raise SystemExit(f"no peer {name!r}: {', '.join(PEERS)} or none")
        folder = Path(args.peer if args.peer and name == "vulkan" else args.peer_cpu if args.peer_cpu and
                      name == "cpu" else PEERS[name])
        if not list(folder.glob("libllama.*so")):
            raise SystemExit(f"no libllama in {folder}: run tests/bench/fetch_peer.sh, or --against none")
        out[name] = folder
    return out


def parse_arguments(argv):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--alviss", default=str(ROOT / "build/bin/alviss"))
    parser.add_argument("--against", default="vulkan,cpu", help="peers: vulkan, cpu, both, or none (%(default)s)")
    parser.add_argument("--peer", metavar="DIR", help="the peer's libraries with the Vulkan backend")
    parser.add_argument("--peer-cpu", metavar="DIR", help="those with the CPU backend alone")
    parser.add_argument("--model", action="append", metavar="FILE", help="may be repeated; else the tests' two")
    parser.add_argument("--driver", action="append", metavar="NAME[=ICD.json]",
                        help="new, old (the two lavapipes, the default) or system; may be repeated")
    parser.add_argument("--device", default="", help="part of the device's name, for ours")
    parser.add_argument("--rows", default=rows.DEFAULT_ROWS, help="%(default)s")
    parser.add_argument("--pairs", type=int, default=0, help="default: 5, or 3 where a run takes over a minute")
    parser.add_argument("--decode", type=int, default=64, help="new tokens of a reply (%(default)s)")
    parser.add_argument("--repeat", type=int, default=3, help="of ours in a process; its median counts once")
    parser.add_argument("--limit-s", type=int, default=1800, help="the longest a run may take")
    parser.add_argument("--targets", choices=sorted(rows.TARGETS), default="lavapipe")
    parser.add_argument("--bandwidth", type=float, help="nominal GB/s: shows the share that decoding reaches")
    parser.add_argument("--out", default="bench-compare.json")
    parser.add_argument("--markdown", metavar="FILE", help="the table goes there, too")
    parser.add_argument("--plot", metavar="FILE.svg")
    return parser.parse_args(argv)


def main(argv=None):
    args = parse_arguments(argv)
    args.peers = peers_of(args)
    try:
        wanted = [rows.parse(text) for text in args.rows.split(",")]
    except ValueError as error:
        raise SystemExit(str(error))
    wanted = [rows.Row(rows.GATE), *[row for row in wanted if row.kind != rows.GATE]]
    used = [drivers.parse(text) for text in args.driver or
            [name for name in drivers.known() if name != "system"] or ["system"]]
    models = [sides.Subject(path, args.alviss)
              for path in args.model or [drivers.CACHE / "models" / name for name in MODELS]]
    setting = {"build": build_id(args.alviss), "decode": args.decode, "repeat": args.repeat}
    kept = record.Record(args.out, setting)
    say = lambda text: print(text, file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory(prefix="alviss-bench-") as work:
        for driver in used:
            for model in models:
                contest = sides.Contest(args, driver, model, work)
                record.run_rows(kept, driver.name, model.name, wanted, contest.sides(), args.pairs, say)
    lines = record.table(kept, [(d.name, m.name, wanted) for d in used for m in models], args.targets)
    text = record.markdown(lines, args.bandwidth)
    print(text)
    if args.markdown:
        Path(args.markdown).write_text(text + "\n")
    if args.plot:
        Path(args.plot).write_text(plot.svg(lines))
    return 1 if any(line["refused"] for line in lines) else 0


if __name__ == "__main__":
    sys.exit(main())
