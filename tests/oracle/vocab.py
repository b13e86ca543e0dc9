"""Token ids for the oracle, independent of the library: HF tokenizers for BPE, greedy merges for SPM."""

import heapq

from tokenizers import Tokenizer, models, pre_tokenizers

BYTE_TYPE, USER_DEFINED_TYPE = 6, 4


def bpe_smollm(model):
    """Byte-level BPE with the smollm pre-tokenizer: each digit alone, then GPT-2's expression."""
    tokens = model.meta("tokenizer.ggml.tokens")
    merges = [tuple(m.split(" ")) for m in model.meta("tokenizer.ggml.merges")]
    bpe = Tokenizer(models.BPE(vocab={t: i for i, t in enumerate(tokens)}, merges=merges))
    bpe.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Digits(individual_digits=True),
        pre_tokenizers.ByteLevel(add_prefix_space=False),
    ])
    return lambda text: bpe.encode(text, add_special_tokens=False).ids


def merge_spm(text, ids, scores, byte_ids):
    """Joins the neighbours whose joint piece scores best, leftmost first, until none can be joined."""
    pieces = [c for c in text]
    left = [i - 1 for i in range(len(pieces))]
    right = [i + 1 for i in range(len(pieces))]
    heap = []

    def offer(a, b):
        if 0 <= a and b < len(pieces):
            joint = ids.get(pieces[a] + pieces[b])
            if joint is not None:
                heapq.heappush(heap, (-scores[joint], a, b, pieces[a] + pieces[b]))

    for i in range(1, len(pieces)):
        offer(i - 1, i)
    while heap:
        _, a, b, joint = heapq.heappop(heap)
        if not pieces[a] or not pieces[b] or pieces[a] + pieces[b] != joint:
            continue  # one side has been joined to something else since
        pieces[a], pieces[b] = joint, ""
        right[a] = right[b]
        if right[b] < len(pieces):
            left[right[b]] = a
        offer(left[a], a)
        offer(a, right[a])
    out = []
    for piece in filter(None, pieces):
        out += [ids[piece]] if piece in ids else [byte_ids[b] for b in piece.encode()]
    return out


def spm(model):
    tokens = model.meta("tokenizer.ggml.tokens")
    scores = model.meta("tokenizer.ggml.scores")
    types = model.meta("tokenizer.ggml.token_type")
    ids = {t: i for i, t in enumerate(tokens) if types[i] != BYTE_TYPE}
    byte_ids = {int(t[3:5], 16): i for i, t in enumerate(tokens) if types[i] == BYTE_TYPE}
    bos = model.meta("tokenizer.ggml.bos_token_id")
    # Split out before anything else, the longest first, spaces not yet replaced.
    user = sorted((t for i, t in enumerate(tokens) if types[i] == USER_DEFINED_TYPE),
                  key=lambda t: -len(t))

    def split(text):
        for piece in user:
            if piece in text:
                before, after = text.split(piece, 1)
                return split(before) + [piece] + split(after)
        return [text] if text else []

    def encode(text):
        whole = set(user)
        out = [bos]
        for part in split(text):
            out += [ids[part]] if part in whole else merge_spm(
                part.replace(" ", "\u2581"), ids, scores, byte_ids)
        return out

    return encode


def encoder(model):
    """text -> ids, with BOS where the model's own file asks for it. Special tokens are not parsed."""
    return bpe_smollm(model) if model.meta("tokenizer.ggml.model") == "gpt2" else spm(model)
