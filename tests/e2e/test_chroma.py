"""The sample chroma against a Chroma server. Loopback only."""

import json
import os
import re
import signal
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.request
from pathlib import Path

from chroma_test import ChromaTest, free_port
from tool import MINILM, SMOLLM2

SERVER = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "alviss/chroma-1.5.9/run"
DOCUMENTS = """\
Machine learning is a field of AI where computers learn from data.
Deep learning is a machine learning method using multi-layer neural networks.
Transformer is a revolutionary architecture introduced in 2017.
BERT is a text understanding model using bidirectional Transformers.
GPT is a Decoder-only Transformer excellent at text generation.
Fine-tuning is a method to adapt pre-trained models to specific tasks.
LoRA is a parameter-efficient fine-tuning method.
RAG is a technique combining retrieval and generation.
"""


class AServer(ChromaTest):
    @classmethod
    def setUpClass(cls):
        if not SERVER.exists():
            raise unittest.SkipTest("no Chroma server: tests/fetch_chroma.sh could not install it")
        cls.folder_of_server = tempfile.TemporaryDirectory(prefix="alviss-chroma-")
        port = free_port()
        cls.url = f"http://127.0.0.1:{port}"
        cls.server = subprocess.Popen(
            [str(SERVER), "--path", cls.folder_of_server.name, "--host", "127.0.0.1", "--port",
             str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL, start_new_session=True,
            # The drivers' libraries are not for it.
            env={k: v for k, v in os.environ.items() if k != "LD_LIBRARY_PATH"})
        no_proxy = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        for _ in range(600):
            try:
                no_proxy.open(cls.url + "/api/v2/heartbeat", timeout=1).read()
                return
            except OSError:
                if cls.server.poll() is not None:
                    break
                time.sleep(0.1)
        cls.tearDownClass()
        raise AssertionError("the server does not start")

    @classmethod
    def tearDownClass(cls):
        try:
            os.killpg(cls.server.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        cls.server.wait()
        cls.folder_of_server.cleanup()

    def test_the_exercise(self):
        texts = self.write("documents.txt", DOCUMENTS)
        said, _ = self.says(self.url, "exercise", "ingest", MINILM, texts)
        self.assertIn("8 documents", said)
        self.says(self.url, "exercise", "ingest", MINILM, texts)  # replaced, not doubled
        said, _ = self.says(self.url, "exercise", "search", MINILM, "Tell me about Transformer")
        found = re.findall(r"\[Score: ([0-9.]+)\] (\w+)", said)
        self.assertEqual([name for _, name in found], ["Transformer", "GPT", "BERT"])
        for (score, _), want in zip(found, (0.7338, 0.3387, 0.2669)):
            self.assertAlmostEqual(float(score), want, delta=1e-3)
        said, _ = self.says(self.url, "exercise", "search", MINILM, "Tell me about Transformer",
                            json.dumps({"line": {"$gt": 6}}))
        self.assertEqual(re.findall(r"\] (\w+)", said), ["LoRA", "RAG"])
        self.fails(self.url, "exercise", "search", MINILM, "x", '{"line": ', says="no JSON object")
        self.fails(self.url, "exercise", "search", MINILM, "x", '{"line": {"$near": 1}}',
                   says="Invalid where")
        said, told = self.says(self.url, "exercise", "ask", MINILM, SMOLLM2, "What is RAG?")
        self.assertTrue(said.strip())
        self.assertIn("documents.txt:8, 0.8", told)

    def test_what_is_not_there(self):
        self.fails(self.url, "missing", "search", MINILM, "x", says="[missing] does not exist")
        self.fails(self.url, "collection", "ingest", MINILM, "/no/such/file", says="can't be read")

    def test_vectors_of_another_model(self):
        base = self.url + "/api/v2/tenants/default_tenant/databases/default_database/collections"

        def post(path, body):
            request = urllib.request.Request(base + path, json.dumps(body).encode(),
                                             {"Content-Type": "application/json"})
            no_proxy = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            return json.loads(no_proxy.open(request, timeout=10).read())

        made = post("", {"name": "narrow"})
        post(f"/{made['id']}/upsert", {"ids": ["a"], "embeddings": [[1, 0, 0]], "documents": ["a"]})
        self.fails(self.url, "narrow", "search", MINILM, "x", says="dimension of 3, got 384")


if __name__ == "__main__":
    unittest.main()
