"""Writes tests/goldens/long_text.<model>.json: the oracle's view of every position of a long text.

    python long_text.py MODEL_DIR [MODEL...]
"""

import json
import sys
from pathlib import Path

import numpy as np

from forward import Model, best, log_softmax
from vocab import encoder

N_TOKENS = 700
# Around Gemma's window of 512 (whose first blind position is 512), and spread over the rest.
TOP_POSITIONS = [0, 1, 63, 64, 255, 510, 511, 512, 513, 600, 698, 699]
NAMES = {
    "smollm2": "SmolLM2-135M-Instruct.Q4_1.gguf",
    "gemma3": "gemma-3-270m-q4_k_m.gguf",
}
SOURCE = (
    "float64 NumPy forward pass of the dequantized weights (tests/oracle/long_text.py) over the first 700"
    " tokens (text_chars characters) of tests/goldens/long_text.txt, original prose written for this "
    "test. next_logprob[i] is the natural-log probability of ids[i + 1] after ids[0..i]; perplexity is "
    "exp of their negated mean; top is the best ten after ids[0..i] for some i. Tolerance: perplexity "
    "within 1 %; each log-probability of the top 10 within 0.05, except in tiers that quantize "
    "activations to 8 bits."
)


def golden(path):
    model = Model(path)
    encode = encoder(model)
    text = (Path(__file__).parent.parent / "goldens" / "long_text.txt").read_text()
    ids = encode(text)[:N_TOKENS]
    # A prefix of the text that has just these tokens, for those who start from text.
    text_chars = next(n for n in range(len(text), 0, -1) if encode(text[:n]) == ids)
    hidden = model.hidden(ids)
    next_logprob, tops = [], {}
    for start in range(0, N_TOKENS, 50):  # a slice of positions at a time: the head is 262,144 wide
        block = log_softmax(model.logits(hidden[start:start + 50]))
        for i, logprobs in enumerate(block, start):
            if i + 1 < N_TOKENS:
                next_logprob.append(float(logprobs[ids[i + 1]]))
            if i in TOP_POSITIONS:
                tops[i] = best(logprobs, 10)
    return {
        "source": SOURCE,
        "model": path.name,
        "perplexity": round(float(np.exp(-np.mean(next_logprob))), 6),
        "text_chars": text_chars,
        "ids": ids,
        "next_logprob": [round(x, 5) for x in next_logprob],
        "top": [{"position": i, "top": tops[i]} for i in TOP_POSITIONS],
    }


def dump(value, path):
    """Lists of numbers on one line each, so that the file diffs and reads well."""
    lines = [f" {json.dumps(k)}: {json.dumps(v)}" for k, v in value.items() if k != "top"]
    tops = ",\n".join("  " + json.dumps(t) for t in value["top"])
    path.write_text("{\n" + ",\n".join(lines) + f",\n \"top\": [\n{tops}\n ]\n}}\n")


def main():
    folder = Path(__file__).parent.parent / "goldens"
    for short in sys.argv[2:] or NAMES:
        value = golden(Path(sys.argv[1]) / NAMES[short])
        dump(value, folder / f"long_text.{short}.json")
        print(short, "perplexity", value["perplexity"], flush=True)


if __name__ == "__main__":
    main()
