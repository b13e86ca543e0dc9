"""One timed run of llama.cpp's libllama, through ctypes, in a process of its own. Prints one JSON line.

    python peer.py LIB_DIR MODEL IDS_FILE N_DECODE [--nll]

LIB_DIR holds libllama*.so and the ggml backends beside it (fetch_peer.sh). Greedy decoding; the clock covers
the same as ours: prefill until the first token is known, then N_DECODE - 1 steps. first_token_ms runs from
this script's start, loading included. With --nll it prints the perplexity of IDS_FILE's tokens instead.
"""

import ctypes as C
import glob
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
                ("seq_id", C.c_void_p), ("logits", C.POINTER(C.c_int8))]


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
    lib.llama_model_default_params.restype = ModelParams
    lib.llama_context_default_params.restype = ContextParams
    lib.llama_model_load_from_file.argtypes = [C.c_char_p, ModelParams]
    lib.llama_model_load_from_file.restype = C.c_void_p
    lib.llama_init_from_model.argtypes = [C.c_void_p, ContextParams]
    lib.llama_init_from_model.restype = C.c_void_p
    lib.llama_batch_get_one.argtypes = [C.POINTER(C.c_int32), C.c_int32]
    lib.llama_batch_get_one.restype = Batch
    lib.llama_decode.argtypes = [C.c_void_p, Batch]
    lib.llama_get_logits_ith.argtypes = [C.c_void_p, C.c_int32]
    lib.llama_get_logits_ith.restype = C.POINTER(C.c_float)
    lib.llama_model_get_vocab.argtypes = [C.c_void_p]
    lib.llama_model_get_vocab.restype = C.c_void_p
    lib.llama_vocab_n_tokens.argtypes = [C.c_void_p]
    return lib


class Peer:
    def __init__(self, folder, model, n_ctx):
        lib = self.lib = load(folder)
        lib.llama_backend_init()
        mp = lib.llama_model_default_params()
        mp.n_gpu_layers = 999
        self.model = lib.llama_model_load_from_file(model.encode(), mp)
        cp = lib.llama_context_default_params()
        if (cp.n_batch, cp.n_ubatch, cp.n_seq_max) != (2048, 512, 1):
            raise SystemExit("this libllama has another llama_context_params: adapt ContextParams")
        cp.n_ctx, cp.n_threads, cp.n_threads_batch = n_ctx, 2, 2
        self.ctx = lib.llama_init_from_model(self.model, cp)
        if not self.model or not self.ctx:
            raise SystemExit("the peer could not load the model")
        self.n_vocab = lib.llama_vocab_n_tokens(lib.llama_model_get_vocab(self.model))

    def decode(self, ids):
        array = (C.c_int32 * len(ids))(*ids)
        if self.lib.llama_decode(self.ctx, self.lib.llama_batch_get_one(array, len(ids))) != 0:
            raise SystemExit("llama_decode failed")

    def logits(self):
        return self.lib.llama_get_logits_ith(self.ctx, -1)[: self.n_vocab]

    def argmax(self):
        logits = self.logits()
        return logits.index(max(logits))


def main():
    args = [a for a in sys.argv[1:] if not a.startswith("--")]
    folder, model, ids, n_decode = args[0], args[1], json.load(open(args[2])), int(args[3])
    peer = Peer(folder, model, max(512, len(ids) + n_decode + 8))
    loaded = time.perf_counter()
    if "--nll" in sys.argv:
        nll = 0.0
        for here, following in zip(ids, ids[1:]):
            peer.decode([here])
            logits = peer.logits()
            top = max(logits)
            nll += top + math.log(sum(math.exp(x - top) for x in logits)) - logits[following]
        print(json.dumps({"nll": nll, "perplexity": math.exp(nll / (len(ids) - 1))}))
        return
    peer.decode(ids)
    tokens = [peer.argmax()]
    first = time.perf_counter()
    spent_here = 0.0
    for _ in range(n_decode - 1):
        peer.decode(tokens[-1:])
        peer.lib.llama_synchronize(C.c_void_p(peer.ctx))
        # Python's argmax is slow where the peer's own is not, so it is taken off the clock.
        before = time.perf_counter()
        tokens.append(peer.argmax())
        spent_here += time.perf_counter() - before
    end = time.perf_counter()
    print(json.dumps({
        "load_ms": (loaded - START) * 1e3,
        "prefill_ms": (first - loaded) * 1e3,
        "decode_ms": (end - first - spent_here) * 1e3,
        "first_token_ms": (first - START) * 1e3,
        "n_prompt": len(ids), "n_decode": len(tokens), "tokens": tokens,
    }))


if __name__ == "__main__":
    main()
