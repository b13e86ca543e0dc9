"""One timed run of llama.cpp's libllama, through ctypes, in a process of its own. Prints one JSON line.

    python peer.py LIB_DIR MODEL JOB.json

LIB_DIR holds libllama*.so and the ggml backends beside it (fetch_peer.sh); they decide what runs: Vulkan or
the CPU. A job: {"kind": ..., "prompts": [[ids], ...], "new_tokens": n}. Kinds:
  first     the first token of the prompt, nothing warmed up; ms from this script's start on, loading included
  prefill   the prompt, read once untimed and once timed
  decode    n - 1 steps after the prompt, the first of them made once untimed before
  batch     n steps of all prompts at the same time, likewise
  logprobs  the ten best log-probabilities after the prompt
  nll       the perplexity of the prompt
Greedy. `margins` has, for each token, by how much its logit beats the second. Finding the best token takes
Python longer than it takes the peer, so it is off the clock; reading the logits back is on it.
"""

import ctypes as C
import glob
import heapq
import json
import math
import os
import sys
import time

START = time.perf_counter()


class ModelParams(C.Structure):
    # The head of llama_model_params; the tail is carried along as the library filled it. Both structs
    # go by value as the last argument, so a tail that is longer than the library's is harmless.
    _fields_ = [("devices", C.c_void_p), ("overrides", C.c_void_p), ("n_gpu_layers", C.c_int32),
                ("tail", C.c_char * 492)]


class ContextParams(C.Structure):
    _fields_ = [("n_ctx", C.c_uint32), ("n_batch", C.c_uint32), ("n_ubatch", C.c_uint32),
                ("n_seq_max", C.c_uint32), ("n_rs_seq", C.c_uint32), ("n_outputs_max", C.c_uint32),
                ("n_threads", C.c_int32), ("n_threads_batch", C.c_int32), ("tail", C.c_char * 480)]


class Batch(C.Structure):
    _fields_ = [("n_tokens", C.c_int32), ("token", C.POINTER(C.c_int32)), ("embd", C.c_void_p),
                ("pos", C.POINTER(C.c_int32)), ("n_seq_id", C.POINTER(C.c_int32)),
                ("seq_id", C.POINTER(C.POINTER(C.c_int32))), ("logits", C.POINTER(C.c_int8))]


SIGNATURES = {  # name: (result, arguments)
    "llama_model_default_params": (ModelParams, []),
    "llama_context_default_params": (ContextParams, []),
    "llama_model_load_from_file": (C.c_void_p, [C.c_char_p, ModelParams]),
    "llama_init_from_model": (C.c_void_p, [C.c_void_p, ContextParams]),
    "llama_batch_init": (Batch, [C.c_int32, C.c_int32, C.c_int32]),
    "llama_decode": (C.c_int32, [C.c_void_p, Batch]),
    "llama_synchronize": (None, [C.c_void_p]),
    "llama_get_logits_ith": (C.POINTER(C.c_float), [C.c_void_p, C.c_int32]),
    "llama_get_memory": (C.c_void_p, [C.c_void_p]),
    "llama_memory_seq_rm": (C.c_bool, [C.c_void_p, C.c_int32, C.c_int32, C.c_int32]),
    "llama_model_get_vocab": (C.c_void_p, [C.c_void_p]),
    "llama_vocab_n_tokens": (C.c_int32, [C.c_void_p]),
}


def load(folder):
    only = lambda pattern: C.CDLL(glob.glob(os.path.join(folder, pattern))[0], mode=C.RTLD_GLOBAL)
    only("libggml-base.so")
    ggml = only("libggml.*so")
    lib = only("libllama.*so")
    log_type = C.CFUNCTYPE(None, C.c_int, C.c_char_p, C.c_void_p)
    lib.quiet = log_type(
        lambda level, text, _: "PEER_LOG" in os.environ and sys.stderr.write(text.decode()) and None)
    lib.llama_log_set(lib.quiet, None)
    ggml.ggml_backend_load_all_from_path(folder.encode())
    lib.devices = devices(ggml)
    for name, (result, arguments) in SIGNATURES.items():
        function = getattr(lib, name)
        function.restype, function.argtypes = result, arguments
    return lib


def devices(ggml):
    """What the backends would run on: {name: description}."""
    ggml.ggml_backend_dev_count.restype = C.c_size_t
    ggml.ggml_backend_dev_get.restype, ggml.ggml_backend_dev_get.argtypes = C.c_void_p, [C.c_size_t]
    out = {}
    for i in range(ggml.ggml_backend_dev_count()):
        texts = []
        for text_of in (ggml.ggml_backend_dev_name, ggml.ggml_backend_dev_description):
            text_of.restype, text_of.argtypes = C.c_char_p, [C.c_void_p]
            texts.append(text_of(ggml.ggml_backend_dev_get(i)).decode())
        out[texts[0]] = texts[1]
    return out


class Peer:
    N_BATCH = 2048

    def __init__(self, folder, model, n_sequences, n_tokens_each):
        lib = self.lib = load(folder)
        lib.llama_backend_init()
        mp = lib.llama_model_default_params()
        mp.n_gpu_layers = 999
        self.model = lib.llama_model_load_from_file(model.encode(), mp)
        cp = lib.llama_context_default_params()
        if (cp.n_batch, cp.n_ubatch, cp.n_seq_max) != (self.N_BATCH, 512, 1):
            raise SystemExit("this libllama has another llama_context_params: adapt ContextParams")
        cp.n_ctx = n_sequences * max(512, (n_tokens_each + 255) // 256 * 256)
        cp.n_seq_max = n_sequences
        cp.n_threads = cp.n_threads_batch = len(os.sched_getaffinity(0))
        self.ctx = self.model and lib.llama_init_from_model(self.model, cp)
        if not self.ctx:
            raise SystemExit("the peer could not load the model")
        self.memory = lib.llama_get_memory(self.ctx)
        self.n_vocab = lib.llama_vocab_n_tokens(lib.llama_model_get_vocab(self.model))
        self.batch = lib.llama_batch_init(self.N_BATCH, 0, 1)

    def decode(self, rows):
        """One call: rows of (token, position, sequence, whether its logits are wanted)."""
        batch = self.batch
        batch.n_tokens = len(rows)
        for i, (token, position, sequence, wanted) in enumerate(rows):
            batch.token[i], batch.pos[i] = token, position
            batch.n_seq_id[i], batch.seq_id[i][0] = 1, sequence
            batch.logits[i] = wanted
        if self.lib.llama_decode(self.ctx, batch) != 0:
            raise SystemExit("llama_decode failed")

    def read(self, prompt, sequence=0):
        for at in range(0, len(prompt), self.N_BATCH):
            part = prompt[at : at + self.N_BATCH]
            self.decode([(token, at + i, sequence, at + i == len(prompt) - 1) for i, token in enumerate(part)])
        self.wait()

    def wait(self):
        self.lib.llama_synchronize(self.ctx)

    def forget(self, sequence, first=0):
        if not self.lib.llama_memory_seq_rm(self.memory, sequence, first, -1):
            raise SystemExit("llama_memory_seq_rm failed")

    def logits(self, row=-1):
        return self.lib.llama_get_logits_ith(self.ctx, row)[: self.n_vocab]

    def best(self, row=-1):
        """The best token and how far ahead of the second it is."""
        logits = self.logits(row)
        first, second = heapq.nlargest(2, logits)
        return logits.index(first), first - second


def logprobs_of(logits):
    top = max(logits)
    norm = top + math.log(sum(math.exp(x - top) for x in logits))
    return [x - norm for x in logits]


def replies(peer, prompts, n_steps):
    """All prompts are read, then n_steps for all of them at the same time: tokens, margins, ms of the steps."""
    tokens, margins = [], []
    for sequence, prompt in enumerate(prompts):
        peer.read(prompt, sequence)
        token, margin = peer.best()
        tokens.append([token])
        margins.append([margin])
    step = lambda: [(tokens[s][-1], len(prompt) + len(tokens[s]) - 1, s, 1) for s, prompt in enumerate(prompts)]
    if n_steps > 0:  # once untimed
        peer.decode(step())
        peer.wait()
        for sequence, prompt in enumerate(prompts):
            peer.forget(sequence, len(prompt))
    spent = 0.0
    for _ in range(n_steps):
        rows = step()
        start = time.perf_counter()
        peer.decode(rows)
        peer.wait()
        spent += time.perf_counter() - start
        for sequence in range(len(prompts)):
            token, margin = peer.best(sequence)
            tokens[sequence].append(token)
            margins[sequence].append(margin)
    return {"tokens": tokens, "margins": margins, "steps": n_steps, "steps_ms": spent * 1e3}


def first(peer, prompt):
    peer.read(prompt)
    token, margin = peer.best()
    return {"tokens": [[token]], "margins": [[margin]], "first_token_ms": (time.perf_counter() - START) * 1e3}


def prefill(peer, prompt):
    peer.read(prompt)
    peer.forget(0)
    start = time.perf_counter()
    peer.read(prompt)
    ms = (time.perf_counter() - start) * 1e3
    token, margin = peer.best()
    return {"tokens": [[token]], "margins": [[margin]], "prefill_ms": ms}


def top_logprobs(peer, prompt):
    peer.read(prompt)
    return {"top": heapq.nlargest(10, enumerate(logprobs_of(peer.logits())), key=lambda pair: pair[1])}


def nll(peer, prompt):
    total = 0.0
    for i, (here, following) in enumerate(zip(prompt, prompt[1:])):
        peer.decode([(here, i, 0, 1)])
        total -= logprobs_of(peer.logits())[following]
    return {"nll": total, "perplexity": math.exp(total / (len(prompt) - 1))}


def main():
    folder, model, job_file = sys.argv[1:]
    with open(job_file) as file:
        job = json.load(file)
    prompts, n, kind = job["prompts"], job.get("new_tokens", 1), job["kind"]
    peer = Peer(folder, model, len(prompts), max(map(len, prompts)) + n + 8)
    load_ms = (time.perf_counter() - START) * 1e3
    kinds = {"first": lambda: first(peer, prompts[0]),
             "prefill": lambda: prefill(peer, prompts[0]),
             "decode": lambda: replies(peer, prompts, n - 1),
             "batch": lambda: replies(peer, prompts, n),
             "logprobs": lambda: top_logprobs(peer, prompts[0]),
             "nll": lambda: nll(peer, prompts[0])}
    print(json.dumps({"devices": peer.lib.devices, "load_ms": load_ms, **kinds[kind]()}))


if __name__ == "__main__":
    main()
