"""What goes wrong is said, and ends with a plain error code."""

import unittest

from tool import SMOLLM2, ToolTest


class Errors(ToolTest):
    def setUp(self):
        super().setUp()
        self.prompt = self.write("prompt.txt", "Hello")

    def generate_with(self, model, *args):
        return ["generate", "--model", model, "--prompt-file", self.prompt, "--max-tokens", 1, "--json", *args]

    def test_a_missing_model(self):
        absent = self.folder / "absent.gguf"
        for command in (self.generate_with(absent), ["inspect", absent], ["chat", "--model", absent, "Hi"],
                        ["tokenize", "--model", absent, "--text-file", self.prompt]):
            self.refused(*command, says=["absent.gguf"])

    def test_a_missing_prompt_file(self):
        self.refused("generate", "--model", SMOLLM2, "--prompt-file", self.folder / "none.txt", "--json",
                     says=["none.txt"])

    def test_files_that_are_no_models(self):
        whole = SMOLLM2.read_bytes()
        for name, content in {
            "empty.gguf": b"",
            "text.gguf": b"This is not a model at all.\n" * 100,
            "magic.gguf": whole[:4],
            "header.gguf": whole[:1000],
            "half.gguf": whole[: len(whole) // 2],
            "counts.gguf": whole[:8] + b"\xff" * 16 + whole[24:5000],
        }.items():
            with self.subTest(file=name):
                path = self.write(name, content)
                self.refused(*self.generate_with(path))
                self.refused("inspect", path)

    def test_an_unknown_device(self):
        self.refused(*self.generate_with(SMOLLM2, "--device", "no such thing"), says=["device"])

    def test_bad_options(self):
        for args in (["--temperature", "-1"], ["--top-p", "2"], ["--min-p", "nan"], ["--max-tokens", "many"],
                     ["--logprobs", "1000000"], ["--unknown"]):
            with self.subTest(args=args):
                self.refused(*self.generate_with(SMOLLM2, *args))

    def test_no_command(self):
        self.refused("fly")

    def test_a_prompt_that_is_no_text(self):
        self.prompt = self.write("prompt.txt", b"caf\xe9 \xff\xfe")
        self.refused(*self.generate_with(SMOLLM2), says=["UTF-8"])

    def test_an_empty_prompt(self):
        self.prompt = self.write("prompt.txt", b"")
        self.refused(*self.generate_with(SMOLLM2))


if __name__ == "__main__":
    unittest.main()
