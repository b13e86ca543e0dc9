"""Times the alviss tool beside llama.cpp's Vulkan backend: same driver, same model, same prompt ids, in turn.

    python compare.py [--alviss build/bin/alviss] [--peer LIB_DIR] [--pairs 3] [--out FILE]
                      [--driver NAME=ICD.json ...] [--rows decode,prefill,cold] [--model FILE]

Each pair is one run of ours and one of the peer's, the order swapped from pair to pair, never both at once.
Finished runs are kept in --out, so an interrupted run goes on where it stopped. Rows:
  prefill, decode   the shader caches warm (an untimed run goes first); tokens per second
  cold              empty shader and pipeline caches; ms from the process's start to the first token. Ours is
                    the whole life of a process that makes one token; the peer's clock stops at its token
Medians, with the lowest and highest, and the ratio of medians (above 1: ours is ahead).
"""

import argparse
import glob
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "alviss"
PEER = CACHE / "peer/node_modules/@node-llama-cpp/linux-x64-vulkan/bins/linux-x64-vulkan"
LIMIT_S = 900


def known_drivers():
    """The lavapipe of the system and the newer one that the tests' set-up unpacks, where they are."""
    found = {}
    for name, pattern in (("lavapipe-system", "/usr/share/vulkan/icd.d/lvp_icd*.json"),
                          ("lavapipe-newer", str(CACHE / "mesa-25/lvp_icd.json"))):
        for path in sorted(glob.glob(pattern))[:1]:
            found[name] = path
    return found


def environment(icd, cache_dir):
    """The driver, and every cache in a folder of ours: Mesa's, and whatever the tool keeps by XDG."""
    env = dict(os.environ, VK_ICD_FILENAMES=icd, VK_DRIVER_FILES=icd, MESA_SHADER_CACHE_DIR=cache_dir,
               GGML_VK_VISIBLE_DEVICES="0", XDG_CACHE_HOME=cache_dir)
    env.pop("MESA_SHADER_CACHE_DISABLE", None)
    return env


def run_json(command, env):
    start = time.perf_counter()
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=LIMIT_S)
    wall_ms = (time.perf_counter() - start) * 1e3
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, command))}\nended with {done.returncode}:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.strip().splitlines()[-1]), wall_ms


class Contest:
    def __init__(self, args):
        self.args = args
        self.work = Path(tempfile.mkdtemp(prefix="alviss-bench-"))
        text = (ROOT / "tests/goldens/long_text.txt").read_text()
        self.prompts = {"long": text[: args.prompt_chars].rsplit(" ", 1)[0],
                        "short": "The capital of France is"}
        self.ids = {}
        self.warm = set()

    def ours(self, icd, cache, prompt, n):
        prompt_file = self.work / f"{prompt}.txt"
        prompt_file.write_text(self.prompts[prompt])
        out, wall_ms = run_json(
            [self.args.alviss, "generate", "--model", self.args.model, "--device", self.args.device,
             "--prompt-file", prompt_file, "--max-tokens", str(n), "--temperature", "0", "--json"],
            environment(icd, cache))
        self.ids[prompt] = out["prompt_tokens"]
        t = out["timings"]
        return self.figures(out["prompt_tokens"], out["tokens"], t["prefill_ms"], t["decode_ms"], wall_ms)

    def peer(self, icd, cache, prompt, n):
        ids_file = self.work / f"{prompt}.json"
        if prompt not in self.ids:  # ours has not run yet in this process: let it say the ids
            source = self.work / f"{prompt}.txt"
            source.write_text(self.prompts[prompt])
            self.ids[prompt] = run_json([self.args.alviss, "tokenize", "--model", self.args.model,
                                         "--text-file", source, "--json"], dict(os.environ))[0]["tokens"]
        ids_file.write_text(json.dumps(self.ids[prompt]))
        out, _ = run_json([sys.executable, HERE / "peer.py", self.args.peer, self.args.model, ids_file, str(n)],
                          environment(icd, cache))
        return self.figures(self.ids[prompt], out["tokens"], out["prefill_ms"], out["decode_ms"],
                            out["first_token_ms"])

    @staticmethod
    def figures(prompt, tokens, prefill_ms, decode_ms, first_ms):
        return {"prefill": len(prompt) / prefill_ms * 1e3,
                "decode": (len(tokens) - 1) / decode_ms * 1e3 if len(tokens) > 1 else None,
                "cold": first_ms, "n_prompt": len(prompt), "tokens": tokens,
                "load_average": round(os.getloadavg()[0], 2)}

    def run(self, side, kind, icd, driver):
        side_of = {"ours": self.ours, "peer": self.peer}[side]
        if kind == "cold":
            with tempfile.TemporaryDirectory(dir=self.work) as empty:
                return side_of(icd, empty, "short", 1)
        # Kept from one call of this script to the next: the peer's shaders take minutes to compile.
        cache = CACHE / "bench" / f"{driver}-{side}"
        cache.mkdir(parents=True, exist_ok=True)
        if cache not in self.warm:
            self.warm.add(cache)
            side_of(icd, str(cache), "long", 2)
        return side_of(icd, str(cache), "long", self.args.decode)


def summary(results, rows, drivers):
    table = []
    for driver in drivers:
        for row in rows:
            column = lambda side: [r[side][row] for key, r in sorted(results.items())
                                   if key.startswith(f"{driver}/") and side in r
                                   and key.split("/")[1] == ("cold" if row == "cold" else "warm")]
            ours, peer = column("ours"), column("peer")
            if not ours or not peer:
                continue
            mine, its = statistics.median(ours), statistics.median(peer)
            table.append({"driver": driver, "row": row, "unit": "ms" if row == "cold" else "tok/s",
                          "ours": [mine, min(ours), max(ours)], "peer": [its, min(peer), max(peer)],
                          "ratio": its / mine if row == "cold" else mine / its,
                          "pairs": min(len(ours), len(peer))})
    return table


def same_tokens(results, drivers):
    """How many greedy tokens both sides agree on from the start, by driver: fast and wrong does not count."""
    out = {}
    for driver in drivers:
        for key, runs in sorted(results.items()):
            if key.startswith(f"{driver}/warm/") and {"ours", "peer"} <= set(runs):
                pairs = zip(runs["ours"]["tokens"], runs["peer"]["tokens"])
                out[driver] = next((i for i, (a, b) in enumerate(pairs) if a != b), len(runs["ours"]["tokens"]))
                break
    return out


def print_table(table):
    print("| driver | row | ours (min..max) | peer (min..max) | ratio | pairs |\n|---|---|---|---|---|---|")
    show = lambda v, unit: "{:.1f} ({:.1f}..{:.1f}) ".format(*v) + unit
    for r in table:
        print(f"| {r['driver']} | {r['row']} | {show(r['ours'], r['unit'])} | {show(r['peer'], r['unit'])} "
              f"| {r['ratio']:.2f} | {r['pairs']} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--alviss", default=str(ROOT / "build/bin/alviss"))
    parser.add_argument("--peer", default=str(PEER))
    parser.add_argument("--model", default=str(CACHE / "models/SmolLM2-135M-Instruct.Q4_1.gguf"))
    parser.add_argument("--device", default="llvmpipe")
    parser.add_argument("--driver", action="append", metavar="NAME=ICD.json")
    parser.add_argument("--rows", default="prefill,decode,cold")
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--decode", type=int, default=32, help="new tokens of a warm run")
    parser.add_argument("--prompt-chars", type=int, default=900, help="of tests/goldens/long_text.txt")
    parser.add_argument("--only", choices=["ours", "peer"], help="one side alone, for a first look")
    parser.add_argument("--out", default="bench-compare.json")
    args = parser.parse_args()
    drivers = dict(d.split("=", 1) for d in args.driver) if args.driver else known_drivers()
    rows = args.rows.split(",")
    out = Path(args.out)
    setting = {"model": Path(args.model).name, "decode": args.decode, "prompt_chars": args.prompt_chars}
    kept = json.loads(out.read_text()) if out.exists() else {}
    results = kept["runs"] if kept.get("setting") == setting else {}
    contest = Contest(args)
    kinds = (["warm"] if {"prefill", "decode"} & set(rows) else []) + (["cold"] if "cold" in rows else [])
    for driver, icd in drivers.items():
        for kind in kinds:
            for pair in range(args.pairs):
                runs = results.setdefault(f"{driver}/{kind}/{pair}", {})
                for side in ("ours", "peer") if pair % 2 == 0 else ("peer", "ours"):
                    if side in runs or args.only not in (None, side):
                        continue
                    runs[side] = contest.run(side, kind, icd, driver)
                    shown = {k: v for k, v in runs[side].items() if k != "tokens"}
                    print(driver, kind, pair, side, json.dumps(shown), file=sys.stderr, flush=True)
                    out.write_text(json.dumps({"setting": setting, "runs": results,
                                               "table": summary(results, rows, drivers)}, indent=1))
    print_table(summary(results, rows, drivers))
    for driver, count in same_tokens(results, drivers).items():
        print(f"{driver}: the first {count} greedy tokens are the same")


if __name__ == "__main__":
    main()
