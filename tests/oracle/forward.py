"""A float64 NumPy forward pass of a GGUF file's dequantized weights.

The oracle that the kernels are judged by. It is written for reading, not for speed: no kv cache, no
batching, one sequence from position 0. Two architectures, each a row of `ROWS`.
"""

from dataclasses import dataclass

import numpy as np
from gguf import GGUFReader
from gguf.quants import dequantize


@dataclass(frozen=True)
class Row:
    """What tells one architecture from another."""

    rope: str  # "pairs": (0,1),(2,3).. | "halves": (0,d/2),(1,d/2+1)..
    activation: str  # of the gate: "silu" | "gelu_tanh"
    qk_norm: bool
    post_norms: bool  # norms on a block's output, before it is added back
    scale_embedding: bool  # by sqrt(dim)
    window_pattern: int  # every n-th layer sees everything, the others a window; 0: all see everything
    local_rope_base: float


ROWS = {
    "llama": Row("pairs", "silu", False, False, False, 0, 0.0),
    # Gemma's norm weights hold 1 + w already: the converter to GGUF added the one.
    "gemma3": Row("halves", "gelu_tanh", True, True, True, 6, 10000.0),
}


def rms_norm(x, weight, eps):
    return x / np.sqrt(np.mean(x * x, axis=-1, keepdims=True) + eps) * weight


def activate(x, kind):
    if kind == "silu":
        return x / (1.0 + np.exp(-x))
    return 0.5 * x * (1.0 + np.tanh(np.sqrt(2.0 / np.pi) * (x + 0.044715 * x**3)))


def rope(x, positions, base, n_rot, kind):
    """x: (n, heads, head_dim). Rotates the first n_rot values of each head."""
    theta = positions[:, None] * base ** (-np.arange(0, n_rot, 2) / n_rot)
    cos, sin = np.cos(theta)[:, None, :], np.sin(theta)[:, None, :]
    half = n_rot // 2
    even, odd = (slice(0, n_rot, 2), slice(1, n_rot, 2)) if kind == "pairs" else (
        slice(0, half), slice(half, n_rot))
    out = x.copy()
    out[..., even] = x[..., even] * cos - x[..., odd] * sin
    out[..., odd] = x[..., odd] * cos + x[..., even] * sin
    return out


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


class Model:
    def __init__(self, path):
        self.reader = GGUFReader(path)
        self.tensors = {t.name: t for t in self.reader.tensors}
        self.arch = self.meta("general.architecture")
        self.row = ROWS[self.arch]
        self.n_layers = self.hp("block_count")
        self.dim = self.hp("embedding_length")
        self.n_heads = self.hp("attention.head_count")
        self.n_kv_heads = self.hp("attention.head_count_kv", self.n_heads)
        self.head_dim = self.hp("attention.key_length", self.dim // self.n_heads)
        self.n_rot = self.hp("rope.dimension_count", self.head_dim)
        self.rope_base = self.hp("rope.freq_base", 10000.0)
        self.window = self.hp("attention.sliding_window", 0)
        self.eps = self.hp("attention.layer_norm_rms_epsilon")
        # Kept in float32, as the dequantization gives it; widened a slice at a time in logits().
        self.embedding = self._dequantized("token_embd.weight")
        self.head = (self._dequantized("output.weight") if "output.weight" in self.tensors
                     else self.embedding)

    def meta(self, key, default=None):
        field = self.reader.get_field(key)
        return default if field is None else field.contents()

    def hp(self, key, default=None):
        return self.meta(f"{self.arch}.{key}", default)

    def _dequantized(self, name):
        tensor = self.tensors[name]
        return dequantize(tensor.data, tensor.tensor_type)

    def weight(self, name):
        return self._dequantized(name).astype(np.float64)

    def attention(self, q, k, v, window):
        """q: (n, n_heads, d); k, v: (n, n_kv_heads, d). A window of w sees itself and w - 1 before."""
        n, group = q.shape[0], self.n_heads // self.n_kv_heads
        distance = np.arange(n)[:, None] - np.arange(n)[None, :]
        hidden = (distance < 0) | ((distance >= window) if window else False)
        out = np.empty_like(q)
        for h in range(self.n_heads):
            scores = q[:, h] @ k[:, h // group].T / np.sqrt(self.head_dim)
            out[:, h] = softmax(np.where(hidden, -np.inf, scores)) @ v[:, h // group]
        return out.reshape(n, -1)

    def hidden(self, ids, tap=lambda name, value: None):
        """The last hidden state (n, dim), normed. tap is shown each intermediate value by name."""
        row, n = self.row, len(ids)
        positions = np.arange(n, dtype=np.float64)
        x = self.embedding[ids].astype(np.float64)
        if row.scale_embedding:
            x *= np.sqrt(self.dim)
        tap("embed", x)
        for i in range(self.n_layers):
            w = lambda name: self.weight(f"blk.{i}.{name}.weight")
            is_local = row.window_pattern and (i + 1) % row.window_pattern != 0
            base = row.local_rope_base if is_local else self.rope_base

            h = rms_norm(x, w("attn_norm"), self.eps)
            tap(f"attn_norm.{i}", h)
            q = (h @ w("attn_q").T).reshape(n, self.n_heads, self.head_dim)
            k = (h @ w("attn_k").T).reshape(n, self.n_kv_heads, self.head_dim)
            v = (h @ w("attn_v").T).reshape(n, self.n_kv_heads, self.head_dim)
            if row.qk_norm:
                q = rms_norm(q, w("attn_q_norm"), self.eps)
                k = rms_norm(k, w("attn_k_norm"), self.eps)
            q = rope(q, positions, base, self.n_rot, row.rope)
            k = rope(k, positions, base, self.n_rot, row.rope)
            for name, value in (("q", q), ("k", k), ("v", v)):
                tap(f"{name}.{i}", value)
            mixed = self.attention(q, k, v, self.window if is_local else 0)
            tap(f"attn_mix.{i}", mixed)
            out = mixed @ w("attn_output").T
            tap(f"attn_out.{i}", out)
            x = x + (rms_norm(out, w("post_attention_norm"), self.eps) if row.post_norms else out)

            h = rms_norm(x, w("ffn_norm"), self.eps)
            tap(f"ffn_norm.{i}", h)
            out = activate(h @ w("ffn_gate").T, row.activation) * (h @ w("ffn_up").T)
            tap(f"ffn_act.{i}", out)
            out = out @ w("ffn_down").T
            tap(f"ffn_out.{i}", out)
            x = x + (rms_norm(out, w("post_ffw_norm"), self.eps) if row.post_norms else out)
            tap(f"layer_out.{i}", x)
        x = rms_norm(x, self.weight("output_norm.weight"), self.eps)
        tap("final_norm", x)
        return x

    def logits(self, hidden, chunk=8192):
        parts = [hidden @ self.head[r:r + chunk].astype(np.float64).T
                 for r in range(0, self.head.shape[0], chunk)]
        return np.concatenate(parts, axis=-1)


def log_softmax(logits):
    top = logits.max(axis=-1, keepdims=True)
    return logits - top - np.log(np.exp(logits - top).sum(axis=-1, keepdims=True))


def best(logprobs, n):
    """The n best as [[id, logprob]], ties to the lower id."""
    order = np.argsort(-logprobs, kind="stable")[:n]
    return [[int(i), round(float(logprobs[i]), 5)] for i in order]
