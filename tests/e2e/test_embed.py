"""`alviss convert` and `alviss embed`: the published all-MiniLM-L6-v2 becomes a GGUF file that gives the
ids, the embeddings and the ranking of the goldens."""

import unittest

from tool import MINILM, MINILM_SOURCE, SMOLLM2, ToolTest, goldens


class Embed(ToolTest):
    def embed(self, model, text):
        return self.json_of("embed", "--model", model, "--text-file", self.write("text.txt", text), "--json")

    def test_ids_embeddings_and_ranking_are_the_goldens(self):
        golden = goldens("minilm.json")
        query = golden["query"]
        vectors = {}
        for row in [query, *golden["documents"]]:
            with self.subTest(text=row["text"]):
                got = self.embed(MINILM, row["text"])
                self.assertEqual(list(got), ["tokens", "embedding"])
                self.assertEqual(got["tokens"], row["ids"])
                worst = max(abs(a - b) for a, b in zip(got["embedding"], row["embedding"], strict=True))
                self.assertLess(worst, 1e-3)
                vectors[row["text"]] = got["embedding"]
        scores = sorted(((sum(a * b for a, b in zip(vectors[query["text"]], vectors[row["text"]])), row["text"])
                         for row in golden["documents"]), reverse=True)
        for (score, text), (want, want_text) in zip(scores, golden["ranking"], strict=True):
            self.assertEqual(text, want_text)
            self.assertAlmostEqual(score, want, delta=1e-3)

    def test_a_conversion_of_our_own(self):
        out = self.folder / "minilm.gguf"
        done = self.run_tool("convert", MINILM_SOURCE, out, "--f32")
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        metadata = {entry["key"]: entry["value"] for entry in self.json_of("inspect", out, "--json")["metadata"]}
        self.assertEqual(metadata["general.architecture"], "bert")
        self.assertEqual(metadata["bert.max_sequence_length"], 256)
        text = "Tell me about Transformer"
        halves = self.embed(MINILM, text)["embedding"]
        floats = self.embed(out, text)["embedding"]
        self.assertLess(max(abs(a - b) for a, b in zip(halves, floats, strict=True)), 1e-3)

    def test_what_cannot_be_done_is_said(self):
        path = self.write("text.txt", "Hello")
        done = self.run_tool("embed", "--model", SMOLLM2, "--text-file", path, "--json")
        self.assertEqual(done.returncode, 1)
        self.assertIn("makes text, not vectors", done.stderr.decode())
        done = self.run_tool("generate", "--model", MINILM, "--prompt-file", path, "--json")
        self.assertEqual(done.returncode, 1)
        self.assertIn("embedder", done.stderr.decode())
        done = self.run_tool("convert", self.folder, self.folder / "out.gguf")
        self.assertEqual(done.returncode, 1)
        self.assertIn("config.json", done.stderr.decode())


if __name__ == "__main__":
    unittest.main()
