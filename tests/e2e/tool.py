"""Runs the alviss tool for the end-to-end checks. Where things are comes from the environment:

ALVISS_TOOL       the tool (build/bin/alviss)
ALVISS_MODEL_DIR  the folder with the models
ALVISS_DEVICE     part of the device's name; empty: the first usable one
"""

import json
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
TOOL = Path(os.environ.get("ALVISS_TOOL", TESTS.parent / "build/bin/alviss"))
MODEL_DIR = Path(os.environ.get("ALVISS_MODEL_DIR", Path.home() / ".cache/alviss/models"))
DEVICE = os.environ.get("ALVISS_DEVICE", "")
LIMIT_S = 240

SMOLLM2 = MODEL_DIR / "SmolLM2-135M-Instruct.Q4_1.gguf"
GEMMA3 = MODEL_DIR / "gemma-3-270m-q4_k_m.gguf"
MINILM = MODEL_DIR / "all-MiniLM-L6-v2.F16.gguf"
MINILM_SOURCE = MODEL_DIR / "all-MiniLM-L6-v2"


def goldens(name):
    return json.loads((TESTS / "goldens" / name).read_text())


class ToolTest(unittest.TestCase):
    maxDiff = 2000

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="alviss-e2e-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def write(self, name, content):
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def run_tool(self, *args, stdin=""):
        command = [str(TOOL), *map(str, args)]
        with_device = ("generate", "chat", "embed", "ingest", "search", "bench")
        if DEVICE and "--device" not in args and args[0] in with_device:
            command += ["--device", DEVICE]
        return subprocess.run(command, input=stdin.encode(), capture_output=True, timeout=LIMIT_S)

    def json_of(self, *args):
        done = self.run_tool(*args)
        self.assertEqual(done.returncode, 0, done.stderr.decode(errors="replace"))
        return json.loads(done.stdout)

    def generate(self, model, text, *args):
        """The JSON of `alviss generate`; `text` goes through a prompt file, byte for byte."""
        return self.json_of("generate", "--model", model, "--prompt-file",
                            self.write("prompt.txt", text), "--json", *args)

    def tokenize(self, model, text, *args):
        return self.json_of("tokenize", "--model", model, "--text-file",
                            self.write("text.txt", text), "--json", *args)["tokens"]

    def refused(self, *args, says=()):
        """The call must end with a message and a plain error code: not by a signal, not in silence."""
        done = self.run_tool(*args)
        message = done.stderr.decode(errors="replace")
        self.assertGreater(done.returncode, 0, f"{args}: {message}")
        self.assertLess(done.returncode, 126, message)
        self.assertTrue(message.strip(), f"{args}: no message")
        self.assertEqual(done.stdout, b"")
        for part in says:
            self.assertIn(part, message)
        return message
