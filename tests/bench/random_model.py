"""Writes a Llama model with random weights as GGUF: of a real model's shape, for measuring where there is no network.

    python random_model.py --shape 7b|1b|tiny --type Q4_0|Q4_K|Q8_0 [--seed 1] OUT.gguf

7b is Llama 2 7B, 1b is Llama 3.2 1B (head and embedding shared). The same arguments give the same file. Scales are such
that activations and logits stay in the range of a trained model's. The vocabulary is made up: bytes, then short words.
"""

import argparse
import itertools
import math
import random
import string
import struct
from dataclasses import dataclass
from pathlib import Path

ALIGNMENT = 32
PIECE_BYTES = 16 << 20


@dataclass(frozen=True)
class Shape:
    dim: int
    ffn_dim: int
    n_layers: int
    n_heads: int
    n_kv_heads: int
    n_vocab: int
    context: int
    rope_base: float
    has_head: bool

    @property
    def head_dim(self):
        return self.dim // self.n_heads


SHAPES = {"7b": Shape(4096, 11008, 32, 32, 32, 32000, 16384, 10000.0, True),
          "1b": Shape(2048, 8192, 16, 32, 8, 128256, 16384, 500000.0, False),
          "tiny": Shape(256, 768, 2, 4, 2, 1024, 4096, 10000.0, True)}


@dataclass(frozen=True)
class Format:
    number: int  # in the file
    elements: int  # of a block
    size: int  # bytes of a block
    scales: tuple  # (offset of a half in the block, its factor); a weight's deviation is 1 where the first is 1
    deviation: float


def standard_deviation_of_q4_k():
    """Of s * q - 7.5 * m, with s and m from 0 to 63 and q from 0 to 15."""
    square = lambda n: sum(i * i for i in range(n)) / n
    mean = (31.5 * 7.5) ** 2
    return math.sqrt(square(64) * square(16) - mean + 7.5**2 * (square(64) - 31.5**2))


FORMATS = {"Q4_0": Format(2, 32, 18, ((0, 1),), math.sqrt((16**2 - 1) / 12)),
           "Q8_0": Format(8, 32, 34, ((0, 1),), math.sqrt((256**2 - 1) / 12)),
           # d and dmin; the mins, 7.5 times the scales, put the mean at 0
           "Q4_K": Format(12, 256, 144, ((0, 1), (2, 7.5)), standard_deviation_of_q4_k())}


def blocks(rng, format, n_blocks, deviation):
    """Random quants, and scales that make the weights' standard deviation `deviation`."""
    data = bytearray(rng.randbytes(n_blocks * format.size))
    picks = rng.randbytes(n_blocks)
    for offset, factor in format.scales:
        # 256 scales from 3/4 to 5/4 of the mean
        halves = [struct.pack("<e", deviation / format.deviation * factor * (0.75 + i / 510)) for i in range(256)]
        for byte in range(2):
            data[offset + byte :: format.size] = picks.translate(bytes(half[byte] for half in halves))
    return data


def vocabulary(n):
    words = (("\u2581" if with_space else "") + "".join(letters)
             for length in itertools.count(1)
             for letters in itertools.product(string.ascii_lowercase, repeat=length) for with_space in (True, False))
    tokens = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), "\u2581"]
    types = [2, 3, 3] + [6] * 256 + [1]
    tokens += itertools.islice(words, n - len(tokens))
    types += [1] * (n - len(types))
    return tokens, types


def text(value):
    encoded = value.encode()
    return struct.pack("<Q", len(encoded)) + encoded


def entry(key, value):
    """A key and its value, as GGUF writes them."""
    if isinstance(value, bool):
        return text(key) + struct.pack("<IB", 7, value)
    if isinstance(value, int):
        return text(key) + struct.pack("<II", 4, value)
    if isinstance(value, float):
        return text(key) + struct.pack("<If", 6, value)
    if isinstance(value, str):
        return text(key) + struct.pack("<I", 8) + text(value)
    kinds = {str: (8, text), int: (5, lambda v: struct.pack("<i", v)), float: (6, lambda v: struct.pack("<f", v))}
    number, encode = kinds[type(value[0])]
    return text(key) + struct.pack("<IIQ", 9, number, len(value)) + b"".join(map(encode, value))


def metadata(shape, name):
    tokens, types = vocabulary(shape.n_vocab)
    return {"general.architecture": "llama", "general.name": name, "general.alignment": ALIGNMENT,
            "llama.block_count": shape.n_layers, "llama.context_length": shape.context,
            "llama.embedding_length": shape.dim, "llama.feed_forward_length": shape.ffn_dim,
            "llama.attention.head_count": shape.n_heads, "llama.attention.head_count_kv": shape.n_kv_heads,
            "llama.attention.layer_norm_rms_epsilon": 1e-5, "llama.rope.dimension_count": shape.head_dim,
            "llama.rope.freq_base": shape.rope_base, "llama.vocab_size": shape.n_vocab,
            "tokenizer.ggml.model": "llama", "tokenizer.ggml.tokens": tokens,
            "tokenizer.ggml.scores": [-float(i) for i in range(len(tokens))], "tokenizer.ggml.token_type": types,
            "tokenizer.ggml.bos_token_id": 1, "tokenizer.ggml.eos_token_id": 2,
            "tokenizer.ggml.unknown_token_id": 0}


def tensors(shape):
    """(name, k, rows, standard deviation times sqrt(k)); rows 0: a norm's gains."""
    kv = shape.n_kv_heads * shape.head_dim
    logits = 3.0  # the deviation of a logit
    yield "token_embd.weight", shape.dim, shape.n_vocab, 1.25 if shape.has_head else logits
    for i in range(shape.n_layers):
        block = f"blk.{i}."
        yield block + "attn_norm.weight", shape.dim, 0, 0
        yield block + "attn_q.weight", shape.dim, shape.dim, 1.25
        yield block + "attn_k.weight", shape.dim, kv, 1.25
        yield block + "attn_v.weight", shape.dim, kv, 1.25
        yield block + "attn_output.weight", shape.dim, shape.dim, 2.0
        yield block + "ffn_norm.weight", shape.dim, 0, 0
        yield block + "ffn_gate.weight", shape.dim, shape.ffn_dim, 1.25
        yield block + "ffn_up.weight", shape.dim, shape.ffn_dim, 1.25
        yield block + "ffn_down.weight", shape.ffn_dim, shape.dim, 2.0
    yield "output_norm.weight", shape.dim, 0, 0
    if shape.has_head:
        yield "output.weight", shape.dim, shape.n_vocab, logits


def aligned(size):
    return -(-size // ALIGNMENT) * ALIGNMENT


def write(path, shape, format, name, seed):
    rng = random.Random(seed)
    entries = metadata(shape, name)
    all_tensors = list(tensors(shape))
    head = [struct.pack("<4sIQQ", b"GGUF", 3, len(all_tensors), len(entries))]
    head += [entry(key, value) for key, value in entries.items()]
    offset = 0
    for tensor, k, rows, _ in all_tensors:
        dims, number = ((k, rows), format.number) if rows else ((k,), 0)
        size = k * rows // format.elements * format.size if rows else k * 4
        head.append(text(tensor) + struct.pack(f"<I{len(dims)}QIQ", len(dims), *dims, number, offset))
        offset += aligned(size)
    with open(path, "wb") as file:
        file.writelines(head)
        file.write(bytes(-file.tell() % ALIGNMENT))
        for tensor, k, rows, gain in all_tensors:
            if rows == 0:
                file.write(struct.pack(f"<{k}f", *(rng.uniform(0.8, 1.2) for _ in range(k))))
            left = k * rows // format.elements
            while left > 0:
                n = min(left, PIECE_BYTES // format.size)
                file.write(blocks(rng, format, n, gain / math.sqrt(k)))
                left -= n
            file.write(bytes(-file.tell() % ALIGNMENT))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", choices=SHAPES, required=True)
    parser.add_argument("--type", choices=FORMATS, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("out")
    args = parser.parse_args()
    part = Path(args.out + ".part")
    write(part, SHAPES[args.shape], FORMATS[args.type], f"random {args.shape} {args.type}", args.seed)
    part.rename(args.out)


if __name__ == "__main__":
    main()
