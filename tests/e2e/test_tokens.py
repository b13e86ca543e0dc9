"""`alviss tokenize` and the prompts of `alviss generate`: BOS only when asked for, special tokens parsed."""

import unittest

from tool import GEMMA3, SMOLLM2, TESTS, ToolTest, goldens


class Tokens(ToolTest):
    def test_ids_are_the_goldens(self):
        for model in (SMOLLM2, GEMMA3):
            bos = ["--bos"] if model == GEMMA3 else []
            for prompt in goldens("generation.json")["models"][model.name]["prompts"]:
                with self.subTest(model=model.name, prompt=prompt["text"]):
                    self.assertEqual(self.tokenize(model, prompt["text"], *bos), prompt["ids"])

    def test_a_long_text(self):
        text = (TESTS / "goldens/long_text.txt").read_text()
        self.assertEqual(self.tokenize(SMOLLM2, text)[:700], goldens("long_text.smollm2.json")["ids"])
        self.assertEqual(self.tokenize(GEMMA3, text, "--bos")[:700], goldens("long_text.gemma3.json")["ids"])

    def test_bos_is_added_only_when_asked_for(self):
        for model, bos in ((SMOLLM2, 1), (GEMMA3, 2)):
            without = self.tokenize(model, "Hello")
            self.assertEqual(self.tokenize(model, "Hello", "--bos"), [bos] + without)
            self.assertNotEqual(without[0], bos)

    def test_an_empty_text_has_no_tokens(self):
        self.assertEqual(self.tokenize(SMOLLM2, ""), [])

    def test_needs_no_device(self):
        path = self.write("text.txt", "Hello")
        done = self.run_tool("tokenize", "--model", SMOLLM2, "--text-file", path, "--json")
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stdout.decode(), r'^\{"tokens":\[[0-9,]+\]\}\n$')


if __name__ == "__main__":
    unittest.main()
