"""Knowledge files: `alviss ingest`, `alviss search`, `chat --knowledge`, and the sample `knowledge`."""

import contextlib
import json
import re
import sqlite3
import subprocess
import unittest

from tool import GEMMA3, LIMIT_S, MINILM, SMOLLM2, TOOL, ToolTest, goldens

LINE = "(\\d+) documents, (\\d+) unchanged, (\\d+) removed, (\\d+) chunks (embedded|added)\n"


class Knowledge(ToolTest):
    def setUp(self):
        super().setUp()
        self.file = self.folder / "base.db"
        self.texts = self.folder / "texts"
        (self.texts / "more").mkdir(parents=True)
        self.text("gate.txt", "The northern gate is shut at night.\n\nIts captain is Mira Holt.")
        self.text("more/wyrm.md", "# The wyrm\nIt sleeps by day.\n\n## Food\nIt eats lanterns.\n")
        self.text("facts.jsonl", '{"id": "crown", "text": "The crown is under the mill.", "year": 412}\n'
                                 '{"id": "oda", "text": "Oda grows silverleaf.", "year": 430}\n')
        self.text("left_out.csv", "no,text,of,ours")

    def text(self, name, content):
        (self.texts / name).write_text(content)

    def ingest(self, *args, model=MINILM):
        """(documents, unchanged, removed, chunks, word) of the one path, and what was told."""
        with_model = ("--model", model) if model else ()
        done = self.run_tool("ingest", *with_model, "--knowledge", self.file, self.texts, *args)
        told = done.stderr.decode()
        self.assertEqual(done.returncode, 0, told)
        found = re.search(LINE, done.stdout.decode())
        self.assertTrue(found, done.stdout)
        return (*map(int, found.groups()[:4]), found[5]), told

    def search(self, query, *args, model=MINILM):
        with_model = ("--model", model) if model else ()
        return self.json_of("search", *with_model, "--knowledge", self.file, "--json", query, *args)

    def test_a_folder_is_read_and_only_what_changed_is_read_again(self):
        counts, told = self.ingest()
        # The gate, the wyrm (a chunk a heading), two lines of facts.
        self.assertEqual(counts, (4, 0, 0, 5, "embedded"))
        self.assertIn("Reading ", told)
        self.assertIn("100 %", told)
        self.assertEqual(self.ingest()[0], (4, 4, 0, 0, "embedded"))

        self.text("gate.txt", "The northern gate stands open.")
        self.assertEqual(self.ingest()[0], (4, 3, 0, 1, "embedded"))
        found = self.search("Is the northern gate shut?")
        self.assertEqual(found[0]["text"], "The northern gate stands open.")
        self.assertNotIn("Mira Holt", json.dumps(found))

        (self.texts / "more/wyrm.md").unlink()
        self.assertEqual(self.ingest()[0], (3, 3, 0, 0, "embedded"), "only --prune removes")
        self.assertIn("wyrm.md", json.dumps(self.search("wyrm", "--mode", "words")))
        self.assertEqual(self.ingest("--prune")[0], (3, 3, 1, 0, "embedded"))
        self.assertNotIn("wyrm.md", json.dumps(self.search("wyrm", "-n", 10)))

        self.text("facts.jsonl", '{"id": "oda", "text": "Oda grows silverleaf.", "year": 430}\n')
        self.assertEqual(self.ingest()[0], (2, 2, 1, 0, "embedded"), "a line that is gone")

    def test_search_says_where_it_is_from_and_how_near(self):
        self.ingest("--metadata", '{"land": "Ash"}')
        found = self.search("Which plant does the healer grow?", "--mode", "vector", "-n", 2)
        self.assertEqual(len(found), 2)
        best = found[0]
        self.assertEqual(best["id"], f"{self.texts}/facts.jsonl#oda#0")
        self.assertEqual(best["source"], f"{self.texts}/facts.jsonl")
        self.assertEqual(best["text"], "Oda grows silverleaf.")
        self.assertEqual(best["metadata"], {"land": "Ash", "year": 430})
        self.assertGreater(best["score"], found[1]["score"])
        self.assertLessEqual(best["score"], 1)

        done = self.run_tool("search", "--model", MINILM, "--knowledge", self.file,
                             "Which plant does the healer grow?", "--mode", "vector", "-n", 2)
        self.assertRegex(done.stdout.decode(),
                         rf"^1\. {best['score']:.4f}  .*facts\.jsonl#oda#0\n   Oda grows silverleaf\.\n"
                         r"2\. 0\.\d{4}  ")

    def test_search_filters_by_metadata(self):
        self.ingest()
        found = self.search("silverleaf", "--filter", '{"year": {"$lt": 420}}', "-n", 10)
        self.assertEqual([one["text"] for one in found], ["The crown is under the mill."])
        headings = self.search("food", "--filter", '{"heading": "Food"}', "-n", 10)
        self.assertEqual([one["metadata"]["headings"] for one in headings], ["The wyrm > Food"])
        self.refused("search", "--model", MINILM, "--knowledge", self.file, "x",
                     "--filter", '{"year": {"$near": 1}}', says=["$near"])

    def test_without_a_model_it_goes_by_words(self):
        self.assertEqual(self.ingest(model=None)[0], (4, 0, 0, 5, "added"))
        self.assertEqual(self.ingest(model=None)[0], (4, 4, 0, 0, "added"))
        found = self.search("silverleaf", model=None)
        self.assertEqual([one["text"] for one in found], ["Oda grows silverleaf."])
        self.assertGreater(found[0]["score"], 0)
        self.refused("search", "--knowledge", self.file, "x", "--mode", "vector", says=["embedder"])
        self.refused("search", "--model", MINILM, "--knowledge", self.file, "x",
                     says=["without an embedding model"])

    def test_a_file_with_vectors_without_its_model(self):
        self.ingest()
        self.assertEqual(len(self.search("silverleaf", model=None)), 1)
        name = self.refused("ingest", "--knowledge", self.file, self.texts,
                            says=["was made with the embedding model"])
        self.assertIn("MiniLM", name)

    def test_the_file_of_another_embedding_model(self):
        self.ingest()
        with contextlib.closing(sqlite3.connect(self.file)) as file, file:
            file.execute("UPDATE meta SET value = 'Another' WHERE name = 'embedder'")
        for command in (("search", "x"), ("ingest", self.texts)):
            self.refused(command[0], "--model", MINILM, "--knowledge", self.file, command[1],
                         says=["made with the embedding model \"Another\"", "MiniLM"])

    def test_wrong_files_and_models_are_named(self):
        self.ingest()
        self.refused("search", "--model", GEMMA3, "--knowledge", self.file, "x", says=["gemma"])
        self.refused("search", "--knowledge", self.folder / "none.db", "x", says=["none.db"])
        page = self.write("page.db", "<html>" * 1000)
        self.refused("search", "--knowledge", page, "x", says=["page.db"])
        self.refused("ingest", "--knowledge", self.folder / "new.db", self.folder / "none",
                     says=["none"])
        self.text("facts.jsonl", '{"text": "good"}\n{"text": 7}\n')
        done = self.run_tool("ingest", "--knowledge", self.folder / "new.db", self.texts)
        self.assertEqual(done.returncode, 1)
        self.assertIn("facts.jsonl", done.stderr.decode())

    def test_the_sample_does_the_exercise(self):
        ranking = goldens("minilm.json")["ranking"][:3]
        done = subprocess.run([str(TOOL.parent / "knowledge"), str(MINILM)], capture_output=True,
                              timeout=LIMIT_S)
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        said = done.stdout.decode()
        self.assertIn("Knowledge base: 8 documents, 8 chunks", said)
        found = re.findall(r"\d\. \[Score: (.*)\] (.*)\n", said)
        self.assertEqual([text for _, text in found], [text for _, text in ranking])
        for (score, _), expected in zip(found, (0.7338, 0.3387, 0.2669)):
            self.assertAlmostEqual(float(score), expected, delta=1e-3)

    def test_the_sample_answers_with_a_chat_model(self):
        done = subprocess.run([str(TOOL.parent / "knowledge"), str(MINILM), "When did Transformer "
                               "appear?", str(SMOLLM2)], capture_output=True, timeout=LIMIT_S)
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        self.assertRegex(done.stdout.decode(), r"\nAnswer: .*\w")

    def test_chat_reads_an_ingested_file(self):
        self.ingest()
        chat = ("chat", "--model", SMOLLM2, "--max-tokens", 8, "--temperature", 0,
                "--knowledge", self.file, "Which herb does the healer plant?")
        done = self.run_tool(*chat, "--embedder", MINILM)
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        told = done.stderr.decode()
        self.assertIn("Read: facts.jsonl #oda#0", told)
        self.assertTrue(done.stdout.strip())
        # No word of the question but "the" and "does" is in any text: "Oda" comes by its meaning.
        by_words = self.run_tool(*chat)
        self.assertEqual(by_words.returncode, 0, by_words.stderr.decode())
        self.assertNotIn("Read: facts.jsonl #oda#0", by_words.stderr.decode())
        self.refused(*chat, "--embedder", SMOLLM2, says=["embed"])

    def test_chat_reads_a_folder(self):
        done = self.run_tool("chat", "--model", SMOLLM2, "--max-tokens", 4, "--temperature", 0,
                             "--knowledge", self.texts, "Who is the captain?")
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        self.assertIn("Read: gate.txt #0", done.stderr.decode())


if __name__ == "__main__":
    unittest.main()
