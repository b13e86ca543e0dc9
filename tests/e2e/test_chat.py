"""`alviss chat` without a terminal: what it says, what it tells beside, and its commands."""

import unittest

from tool import SMOLLM2, ToolTest


class Chat(ToolTest):
    def chat(self, *args, stdin=""):
        done = self.run_tool("chat", "--model", SMOLLM2, "--max-tokens", 24, "--temperature", 0, *args,
                             stdin=stdin)
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        return done.stdout.decode(), done.stderr.decode()

    def test_a_prompt_on_the_command_line(self):
        said, told = self.chat("What is the capital of France?")
        self.assertIn("Paris", said)
        for part in ("Device", "first token", "tokens/s"):
            self.assertIn(part, told)

    def test_words_need_no_quotes(self):
        self.assertEqual(self.chat("Say", "hello")[0], self.chat("Say hello")[0])

    def test_lines_on_standard_input(self):
        said, _ = self.chat(stdin="What is the capital of France?\n/clear\n"
                                  "What is the capital of Japan?\n/quit\nHi\n")
        self.assertIn("Paris", said)
        self.assertIn("Tokyo", said)

    def test_it_remembers_until_told_to_clear(self):
        name, question = "My name is Zora.\n", "What is my name?\n"
        alone = self.chat(stdin=question)[0]
        self.assertTrue(self.chat(stdin=name + "/clear\n" + question)[0].endswith(alone))
        self.assertFalse(self.chat(stdin=name + question)[0].endswith(alone))

    def test_the_output_is_never_half_a_character(self):
        self.chat("Write five emoji.")  # decoding the output would fail

    def test_nothing_to_say_is_no_error(self):
        self.chat(stdin="")


if __name__ == "__main__":
    unittest.main()
