"""Runs ours and the peer: one process a run, never two at once. A run is a dict: "value" in the row's unit,
"tokens" of each reply, the peer's "margins"; or "failed" with the reason."""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from . import verdict
from .drivers import CACHE

PEER_SCRIPT = Path(__file__).resolve().parent.parent / "peer.py"
GOLDENS = Path(__file__).resolve().parent.parent.parent / "goldens"
LONG_GOLDENS = {"SmolLM2-135M-Instruct.Q4_1.gguf": "long_text.smollm2.json",
                "gemma-3-270m-q4_k_m.gguf": "long_text.gemma3.json"}
PROMPT = "The capital of France is"
BATCH_PROMPT = 16  # tokens of each session's prompt


class RunFailed(Exception):
    pass


def run_json(command, env, limit_s):
    start = time.perf_counter()
    try:
        done = subprocess.run([str(part) for part in command], env=env, capture_output=True, text=True,
                              timeout=limit_s)
    except subprocess.TimeoutExpired:
        raise RunFailed(f"no end after {limit_s} s")
    wall_ms = (time.perf_counter() - start) * 1e3
    if done.returncode != 0:
        last = done.stderr.strip().splitlines()[-1:] or ["no message"]
        raise RunFailed(f"ended with {done.returncode}: {last[0][:300]}")
    return json.loads(done.stdout.strip().splitlines()[-1]), wall_ms


class Subject:
    """A model: its file, and the token ids that both sides read."""

    def __init__(self, path, tool):
        self.path, self.name = Path(path), Path(path).name
        goldens = json.loads((GOLDENS / "generation.json").read_text())["models"]
        self.goldens = goldens.get(self.name, {}).get("prompts", [])
        self.long_golden = None
        if self.name in LONG_GOLDENS:
            self.long_golden = json.loads((GOLDENS / LONG_GOLDENS[self.name]).read_text())
        self.bos = ["--bos"] if "gemma" in self.name else []
        long_text = (GOLDENS / "long_text.txt").read_text()
        if self.goldens:
            self.short = next(p for p in self.goldens if p["text"] == PROMPT)["ids"]
            self.long = self.long_golden["ids"]
            self.texts = [prompt["text"] for prompt in self.goldens]
            self.long_text = long_text[: self.long_golden["text_chars"]]
        else:
            self.short, self.long = (self.tokenize(tool, text) for text in (PROMPT, long_text))
            self.texts = [PROMPT, long_text[:400]]

    def tokenize(self, tool, text):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "text.txt"
            file.write_text(text)
            command = [tool, "tokenize", "--model", self.path, "--text-file", file, "--json"]
            return run_json(command, dict(os.environ), 120)[0]["tokens"]

    def golden_of(self, ids):
        return next((p for p in self.goldens if p["ids"] == ids), None)


def cut(ids, length, index):
    """As `alviss bench --tokens` cuts its prompts."""
    return [ids[(index * 37 + i) % len(ids)] for i in range(length)]


class Contest:
    """Both sides on one driver and model."""

    def __init__(self, options, driver, subject, work):
        self.options, self.driver, self.subject, self.work = options, driver, subject, Path(work)
        self.primed = set()

    def sides(self):
        out = {"ours": self.ours}
        for name, folder in self.options.peers.items():
            out[name] = lambda row, name=name, folder=folder: self.peer(row, name, folder)
        return out

    def prompts(self, row):
        if row.kind == "decode" and row.size == 0:
            return [self.subject.short]
        if row.kind in ("decode", "prefill"):
            return [cut(self.subject.long, row.size, 0)]
        if row.kind == "batch":
            return [cut(self.subject.long, BATCH_PROMPT, i) for i in range(row.size)]
        return [self.subject.short]

    def timed(self, row, side, run):
        """The run, in an environment with caches of this driver and side; empty ones where the row asks."""
        start = time.perf_counter()
        try:
            if row.kind == "first-cold":
                with tempfile.TemporaryDirectory(dir=self.work) as empty:
                    out = run(self.driver.environment(empty))
            else:
                # Kept from one call to the next: the peer's shaders take minutes to compile.
                cache = CACHE / "bench" / f"{self.driver.name}-{side}"
                cache.mkdir(parents=True, exist_ok=True)
                env = self.driver.environment(cache)
                if row.kind in ("first-warm", "load") and side not in self.primed:
                    run(env)  # so that they hold what this version needs
                    self.primed.add(side)
                out = run(env)
        except RunFailed as failure:
            out = {"value": None, "failed": str(failure)}
        load = round(os.getloadavg()[0], 2)
        return {**out, "wall_s": round(time.perf_counter() - start, 1), "load_average": load}

    # ---- ours ------------------------------------------------------------------------------------

    def ours(self, row):
        kinds = {"logits": self.our_logits, "memory": self.our_memory}
        if row.kind in kinds:
            return self.timed(row, "ours", kinds[row.kind])
        if row.unit == "ms":
            return self.timed(row, "ours", lambda env: self.our_first(row, env))
        return self.timed(row, "ours", lambda env: self.our_rate(row, env))

    def device(self):
        return ["--device", self.options.device] if self.options.device else []

    def bench(self, env, *args):
        command = [self.options.alviss, "bench", self.subject.path, *self.device(), "--json", *args]
        report, _ = run_json(command, env, self.options.limit_s)
        if report["left_out"]:
            raise RunFailed("left out: " + report["left_out"][0]["reason"])
        return report

    def our_rate(self, row, env):
        prompts = self.prompts(row)
        ids = self.work / "ids.json"
        ids.write_text(json.dumps(self.subject.short if len(prompts) == 1 and prompts[0] is self.subject.short
                                  else self.subject.long))
        batches = sorted({1, row.size})
        shape = {"decode": ["--depths", len(prompts[0])], "prefill": ["--prompts", row.size],
                 "batch": ["--batches", ",".join(map(str, batches)), "--batch-prompt", BATCH_PROMPT]}[row.kind]
        report = self.bench(env, "--only", row.kind, *shape, "--decode", self.options.decode, "--repeat",
                            self.options.repeat, "--tokens", ids, "--show-tokens")
        made = report[row.kind][-1]
        is_batch = row.kind == "batch"
        if (made["prompts"] if is_batch else [made["prompt"]]) != prompts and row.kind != "prefill":
            raise RunFailed("ours read other prompts than the peer will")
        out = {"value": made["tok_s"]["median"], "device": report["device"]["name"],
               "tokens": made["new_tokens"] if is_batch else [made["new_tokens"]],
               "weights_gb_s": made.get("weights_gb_s"), "between_ms": made.get("between_ms"),
               "per_token": made["per_token"], "longest_submit_ms": made["longest_submit_ms"]}
        if is_batch:
            out["alone"] = report["batch"][0]["tok_s"]["median"]
            if not made["same_tokens_as_alone"]:
                out["wrong"] = "a session has other tokens in the batch than alone"
        golden = self.subject.golden_of(prompts[0])
        wrong = golden and verdict.against_golden(out["tokens"][0], golden)
        return {**out, "wrong": wrong} if wrong else out

    def generate(self, env, text, n, *args):
        prompt = self.work / "prompt.txt"
        prompt.write_text(text)
        return run_json([self.options.alviss, "generate", "--model", self.subject.path, *self.device(),
                         "--prompt-file", prompt, *self.subject.bos, "--max-tokens", n, "--temperature", "0",
                         "--json", *args], env, self.options.limit_s)

    def our_first(self, row, env):
        """The whole life of a process that makes one token."""
        out, wall_ms = self.generate(env, PROMPT, 1)
        if out["prompt_tokens"] != self.subject.short:
            raise RunFailed("ours read another prompt than the peer will")
        run = {"value": out["timings"]["load_ms"] if row.kind == "load" else wall_ms, "tokens": [out["tokens"]]}
        golden = self.subject.golden_of(out["prompt_tokens"])
        wrong = golden and verdict.against_golden(out["tokens"], golden)
        return {**run, "wrong": wrong} if wrong else run

    def our_memory(self, env):
        report = self.bench(env, "--only", "prefill,memory", "--prompts", "512", "--repeat", "1")
        return {"value": report["memory"]["over_weights_and_kv_bytes"] / 2**20, **report["memory"]}

    def our_logits(self, env):
        """Beside the goldens; where there are none, beside the first peer, whose rounding is allowed for."""
        found = list(self.compared_logits(env))
        wrong = next((what for _, what in found if what), None)
        worst = max(off for off, _ in found) if found else None  # None: there was nothing to compare with
        return {"value": worst, **({"wrong": wrong} if wrong else {})}

    def compared_logits(self, env):
        for prompt in self.subject.goldens:
            out, _ = self.generate(env, prompt["text"], len(prompt["greedy"]), "--logprobs", 10)
            yield verdict.against_top(out["steps"][0]["top"], prompt["top"])
            yield 0.0, verdict.against_golden(out["tokens"], prompt)
        if self.subject.long_golden:
            out, _ = self.generate(env, self.subject.long_text, 1, "--logprobs", 10)
            yield verdict.against_top(out["steps"][0]["top"], self.subject.long_golden["top"][-1]["top"])
        if self.subject.goldens or not self.options.peers:
            return
        side, folder = next(iter(self.options.peers.items()))
        cache = CACHE / "bench" / f"{self.driver.name}-{side}"
        cache.mkdir(parents=True, exist_ok=True)
        for text in self.subject.texts:
            out, _ = self.generate(env, text, 1, "--logprobs", 10)
            try:
                its, _ = self.ask_peer(self.driver.environment(cache), folder, "logprobs", [out["prompt_tokens"]])
            except RunFailed:
                return  # its own rows will say why
            yield verdict.against_top(out["steps"][0]["top"], its["top"], verdict.PEER_MARGIN)

    # ---- the peer --------------------------------------------------------------------------------

    def ask_peer(self, env, folder, kind, prompts, new_tokens=1):
        job = self.work / "job.json"
        job.write_text(json.dumps({"kind": kind, "prompts": prompts, "new_tokens": new_tokens}))
        return run_json([sys.executable, PEER_SCRIPT, folder, self.subject.path, job], env, self.options.limit_s)

    def peer(self, row, side, folder):
        return self.timed(row, side, lambda env: self.peer_run(row, side, folder, env))

    @staticmethod
    def device_of_peer(side, found):
        """Where it has no GPU it takes the CPU and says nothing."""
        gpus = [what for name, what in found.items() if name.startswith("Vulkan")]
        if len(gpus) != (1 if side == "vulkan" else 0):
            raise RunFailed(f"the peer should run on {side}, but sees {', '.join(found.values()) or 'nothing'}")
        return gpus[0] if gpus else None

    def peer_run(self, row, side, folder, env):
        prompts = self.prompts(row)
        kind = row.kind if row.unit == "tok/s" else "first"
        out, _ = self.ask_peer(env, folder, kind, prompts, self.options.decode)
        run = {"device": self.device_of_peer(side, out["devices"]), "tokens": out["tokens"],
               "margins": [[round(m, 3) for m in margins] for margins in out["margins"]]}
        if row.kind == "load":
            value = out["load_ms"]
        elif kind == "first":
            value = out["first_token_ms"]
        elif kind == "prefill":
            value = row.size / out["prefill_ms"] * 1e3
        else:
            value = out["steps"] * len(prompts) / out["steps_ms"] * 1e3
        return {"value": value, **run}
