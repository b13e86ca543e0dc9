"""Checks the oracle itself: top-10 log-probabilities of tests/goldens/generation.json.

    python check_generation.py MODEL_DIR [GOLDENS] [--greedy]
"""

import json
import sys
from pathlib import Path

import numpy as np

from forward import Model, best, log_softmax
from vocab import encoder


def check_greedy(model, prompt):
    ids = list(prompt["ids"])
    for step, expected in enumerate(prompt["greedy"]):
        logits = model.logits(model.hidden(ids)[-1:])[0]
        pair = np.sort(logits)[-2:]
        if abs(pair[1] - pair[0] - prompt["margin"][step]) > 1e-3:
            return f"margin of step {step}: {pair[1] - pair[0]:.4f}"
        if int(np.argmax(logits)) != expected:
            return f"token of step {step}: {int(np.argmax(logits))}, not {expected}"
        ids.append(expected)
    return ""


def main():
    greedy = "--greedy" in sys.argv
    args = [a for a in sys.argv[1:] if not a.startswith("--")]
    default = Path(__file__).parent.parent / "goldens" / "generation.json"
    goldens = json.loads(Path(args[1] if len(args) > 1 else default).read_text())
    bad = 0
    for name, entry in goldens["models"].items():
        model = Model(Path(args[0]) / name)
        encode = encoder(model)
        for prompt in entry["prompts"]:
            logprobs = log_softmax(model.logits(model.hidden(prompt["ids"])[-1:]))[0]
            worst = max(abs(logprobs[i] - x) for i, x in prompt["top"])
            same_order = [i for i, _ in best(logprobs, 10)] == [i for i, _ in prompt["top"]]
            # The encoders do not parse special tokens, so prompts that hold some are left to the ids.
            has_special = "<|" in prompt["text"] and model.arch == "llama"
            same_ids = has_special or encode(prompt["text"]) == prompt["ids"]
            wrong = check_greedy(model, prompt) if greedy else ""
            ok = worst < 1e-3 and same_order and same_ids and not wrong
            bad += not ok
            print(f"{'ok ' if ok else 'BAD'} {name} {prompt['text'][:30]!r} worst {worst:.1e} "
                  f"order {same_order} ids {same_ids} {wrong}", flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
