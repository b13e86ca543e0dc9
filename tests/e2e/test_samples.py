"""The samples with tools and knowledge, on the real model: tools, npc, assistant, and `alviss chat`."""

import json
import subprocess
import unittest

from tool import LIMIT_S, MINILM, SMOLLM2, TESTS, TOOL, ToolTest

DATA = TESTS.parent / "samples/data"


class Samples(ToolTest):
    def sample(self, name, *args, stdin=""):
        done = subprocess.run([str(TOOL.parent / name), *map(str, args)], input=stdin.encode(),
                              capture_output=True, timeout=LIMIT_S, cwd=self.folder)
        self.assertEqual(done.returncode, 0, done.stderr.decode(errors="replace"))
        return done.stdout.decode(), done.stderr.decode()

    def test_tools_answers(self):
        said, _ = self.sample("tools", SMOLLM2, DATA / "web.txt", "What is the weather in Paris?")
        self.assertTrue(said.strip())

    def test_tools_calls_one_of_them(self):
        _, told = self.sample("tools", SMOLLM2, DATA / "web.txt", "What is 17 times 24?")
        self.assertIn("-> calculate {", told)
        self.assertIn("<- calculate {\"result\": 408}", told)

    def test_npc_speaks_and_tells_the_state(self):
        said, _ = self.sample("npc", SMOLLM2, DATA / "lore.txt", stdin="Who are you?\nquit\n")
        self.assertIn("Mira:", said)
        self.assertIn("The gate is", said)

    def test_assistant_knows_its_commands(self):
        said, told = self.sample("assistant", SMOLLM2, DATA / "lore.txt", DATA / "web.txt",
                                 stdin="Where does silverleaf grow?\nsave talk.json\nclear\n"
                                       "save empty.json\nload talk.json\nbye\n")
        self.assertIn("Assistant: ", said)
        self.assertTrue(said.endswith("Goodbye!\n"))
        self.assertIn("[read: lore.txt #3, ", told)  # found by its words: the fourth paragraph
        talk = json.loads((self.folder / "talk.json").read_text())
        roles = [message["role"] for message in talk["messages"]]
        self.assertEqual(roles[:2], ["system", "user"])
        self.assertEqual(roles[-1], "assistant")
        self.assertEqual(talk["messages"][1]["content"], "Where does silverleaf grow?")
        empty = json.loads((self.folder / "empty.json").read_text())
        self.assertEqual([message["role"] for message in empty["messages"]], ["system"])

    def test_assistant_finds_by_meaning_with_an_embedding_model(self):
        _, told = self.sample("assistant", SMOLLM2, DATA / "lore.txt", DATA / "web.txt", MINILM,
                              stdin="Which herb scares monsters away?\nquit\n")
        # No word of the question is in the file: by words it finds nothing.
        self.assertIn("[read: lore.txt #2, 0.", told)

    def test_assistant_hides_card_numbers(self):
        self.sample("assistant", SMOLLM2, stdin="My card is 1234 5678 1234 5678.\nsave a.json\nquit\n")
        saved = (self.folder / "a.json").read_text()
        self.assertIn("[card number]", saved)
        self.assertNotIn("5678", saved)

    def test_chat_reads_a_file_of_knowledge(self):
        done = self.run_tool("chat", "--model", SMOLLM2, "--max-tokens", 24, "--temperature", 0,
                             "--tools", "demo", "--knowledge", DATA / "lore.txt",
                             "Where does silverleaf grow?")
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        self.assertIn("Read: lore.txt #", done.stderr.decode())
        self.assertTrue(done.stdout.decode().strip())


if __name__ == "__main__":
    unittest.main()
