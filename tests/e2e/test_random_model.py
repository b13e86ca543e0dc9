"""tests/bench/random_model.py: its weights are as wide as asked, and its models load and generate."""

import math
import random
import statistics
import struct
import subprocess
import sys
import unittest
from pathlib import Path

from tool import ToolTest

BENCH = Path(__file__).resolve().parent.parent / "bench"
sys.path.insert(0, str(BENCH))

import random_model


def half(data, at):
    return struct.unpack_from("<e", data, at)[0]


def weights_of_q4_0(block):
    nibbles = [byte & 15 for byte in block[2:]] + [byte >> 4 for byte in block[2:]]
    return [half(block, 0) * (nibble - 8) for nibble in nibbles]


def weights_of_q8_0(block):
    return [half(block, 0) * value for value in struct.unpack("<32b", block[2:])]


def weights_of_q4_k(block):
    d, dmin, packed, quants = half(block, 0), half(block, 2), block[4:16], block[16:]
    out = []
    for i in range(8):
        if i < 4:
            scale, least = packed[i] & 63, packed[i + 4] & 63
        else:
            scale = packed[i + 4] & 15 | packed[i - 4] >> 6 << 4
            least = packed[i + 4] >> 4 | packed[i] >> 6 << 4
        part = quants[i // 2 * 32 : i // 2 * 32 + 32]
        out += [d * scale * (byte >> 4 if i % 2 else byte & 15) - dmin * least for byte in part]
    return out


WEIGHTS = {"Q4_0": weights_of_q4_0, "Q8_0": weights_of_q8_0, "Q4_K": weights_of_q4_k}


class RandomModel(ToolTest):
    def make(self, name, type, *args):
        path = self.folder / name
        done = subprocess.run([sys.executable, "-B", str(BENCH / "random_model.py"), "--shape", "tiny", "--type", type,
                               *args, str(path)], capture_output=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        return path

    def test_weights_have_the_deviation_that_was_asked_for(self):
        for name, format in random_model.FORMATS.items():
            with self.subTest(name):
                data = random_model.blocks(random.Random(3), format, 400, 0.02)
                weights = [w for at in range(0, len(data), format.size)
                           for w in WEIGHTS[name](data[at : at + format.size])]
                self.assertEqual(len(weights), 400 * format.elements)
                self.assertAlmostEqual(statistics.pstdev(weights), 0.02, delta=0.001)
                self.assertLess(abs(statistics.fmean(weights)), 0.003)

    def test_the_7b_shape_has_the_size_of_llama_2_7b(self):
        count = sum(k * max(rows, 1) for _, k, rows, _ in random_model.tensors(random_model.SHAPES["7b"]))
        self.assertEqual(count, 6738415616)
        count = sum(k * max(rows, 1) for _, k, rows, _ in random_model.tensors(random_model.SHAPES["1b"]))
        self.assertEqual(count, 1235814400)

    def test_same_arguments_same_file(self):
        first, again, other = (self.make(f"{i}.gguf", "Q4_0", "--seed", seed).read_bytes()
                               for i, seed in enumerate(("1", "1", "2")))
        self.assertEqual(first, again)
        self.assertNotEqual(first, other)

    def test_models_generate(self):
        prompts = ("the cat sat on", "a dog ran")
        for type in random_model.FORMATS:
            with self.subTest(type):
                model = self.make(f"{type}.gguf", type)
                out = [self.generate(model, prompt, "--max-tokens", 4, "--temperature", 0, "--logprobs", 10)
                       for prompt in prompts]
                self.assertNotEqual(out[0]["prompt_tokens"], out[1]["prompt_tokens"])
                self.assertNotEqual(out[0]["steps"][0]["top"], out[1]["steps"][0]["top"])
                top = [logprob for _, logprob in out[0]["steps"][0]["top"]]
                self.assertTrue(all(math.isfinite(logprob) and logprob < 0 for logprob in top), top)
                # Neither flat nor one certain token: logits as wide as a trained model's.
                self.assertGreater(top[0] - top[-1], 0.5)
                self.assertLess(top[0] - top[-1], 15)


if __name__ == "__main__":
    unittest.main()
