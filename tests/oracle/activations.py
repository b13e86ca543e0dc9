"""Dumps the oracle's intermediate values as .npy, one file a name, to compare kernels with.

    python activations.py MODEL OUT_DIR --ids 504,3575,282,4649,314
    python activations.py MODEL OUT_DIR --text "The capital of France is"

Names: embed, then per layer attn_norm.N, q.N, k.N (normed and rotated), v.N, attn_mix.N (heads, before the
output projection), attn_out.N, ffn_norm.N, ffn_act.N, ffn_out.N (before a post-norm), layer_out.N; then
final_norm and logits. Rows are positions.
"""

import argparse
from pathlib import Path

import numpy as np

from forward import Model
from vocab import encoder


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--ids", help="comma-separated token ids")
    parser.add_argument("--text")
    args = parser.parse_args()
    model = Model(args.model)
    ids = [int(i) for i in args.ids.split(",")] if args.ids else encoder(model)(args.text)
    args.out.mkdir(parents=True, exist_ok=True)
    save = lambda name, value: np.save(args.out / f"{name}.npy", value.astype(np.float32))
    save("logits", model.logits(model.hidden(ids, save)))
    print(len(ids), "tokens:", ids)


if __name__ == "__main__":
    main()
