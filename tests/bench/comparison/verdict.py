"""Whether ours wrote the right tokens: what is fast and wrong does not count.

Both rules are those of tests/goldens/generation.json. Against the float64 goldens greedy tokens are equal, but
where the two best logits are within 0.2; the peer rounds activations to 8 bits, so there within 0.9.
"""

GOLDEN_MARGIN = 0.2
PEER_MARGIN = 0.9
LOGPROB_TOLERANCE = 0.05


def first_difference(ours, expected, margins, sure):
    """(how many tokens are equal from the start, what is wrong or None)."""
    for i, (mine, theirs, margin) in enumerate(zip(ours, expected, margins)):
        if mine != theirs:
            if margin < sure:  # a close call; from here on the two read different texts
                return i, None
            return i, f"token {i} is {mine}, not {theirs}, which leads by {margin:.2f}"
    return min(len(ours), len(expected)), None


def against_golden(tokens, golden):
    return first_difference(tokens, golden["greedy"], golden["margin"], GOLDEN_MARGIN)[1]


def against_peer(ours, peer):
    """Of all sequences: (how many tokens are equal, what is wrong or None)."""
    if len(ours["tokens"]) != len(peer["tokens"]):
        return 0, f"{len(ours['tokens'])} replies, not {len(peer['tokens'])}"
    equal = 0
    for mine, theirs, margins in zip(ours["tokens"], peer["tokens"], peer["margins"]):
        same, wrong = first_difference(mine, theirs, margins, PEER_MARGIN)
        equal += same
        if wrong:
            return equal, wrong
    return equal, None


def against_top(top, expected, tolerance=LOGPROB_TOLERANCE):
    """Our best log-probabilities beside the expected ones: (largest difference, what is wrong or None)."""
    ours, worst = dict(map(tuple, top)), 0.0
    for token, logprob in expected:
        if token in ours:
            worst = max(worst, abs(ours[token] - logprob))
        elif logprob > top[-1][1] + tolerance:
            return worst, f"token {token} is missing among the best"
    return worst, f"a log-probability is off by {worst:.3f}" if worst > tolerance else None


def judge(runs_of):
    """Of a row's runs, {side: [run, ...]}: (what is wrong or None, how many tokens equal a peer's or None)."""
    ours = runs_of.get("ours", [])
    for run in ours:
        if run.get("wrong"):
            return run["wrong"], None
    if any(run["tokens"] != ours[0]["tokens"] for run in ours if "tokens" in run):
        return "the tokens change from run to run", None
    equal = None
    for side, runs in runs_of.items():
        if side == "ours" or not ours or "tokens" not in ours[0]:
            continue
        for run in runs[:1]:
            devices = ours[0].get("device"), run.get("device")
            if None not in devices and devices[0] != devices[1]:
                return f"ours ran on {devices[0]}, {side} on {devices[1]}", equal
            same, wrong = against_peer(ours[0], run)
            if wrong:
                return f"beside {side}: {wrong}", equal
            equal = same if equal is None else min(equal, same)
    return None, equal
