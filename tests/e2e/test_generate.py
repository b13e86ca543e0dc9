"""`alviss generate`: the shape of its JSON, and that a seed decides everything."""

import unittest

from tool import GEMMA3, SMOLLM2, ToolTest

PROMPT = "Once upon a time, in a small village by the sea, there lived"
SAMPLED = ["--temperature", 0.8, "--top-k", 40, "--top-p", 0.95, "--max-tokens", 24]


class Generate(ToolTest):
    def test_the_json_is_as_documented(self):
        out = self.generate(SMOLLM2, PROMPT, "--max-tokens", 5, "--temperature", 0, "--logprobs", 10)
        self.assertEqual(set(out), {"prompt_tokens", "tokens", "text", "steps", "finish_reason", "timings"})
        self.assertEqual(set(out["timings"]), {"load_ms", "prefill_ms", "decode_ms", "first_token_ms"})
        for value in out["timings"].values():
            self.assertGreater(value, 0)
        self.assertEqual(out["finish_reason"], "max_tokens")
        self.assertEqual(len(out["tokens"]), 5)
        self.assertEqual([s["token"] for s in out["steps"]], out["tokens"])
        for step in out["steps"]:
            self.assertEqual(set(step), {"token", "logprob", "top"})
            self.assertEqual(len(step["top"]), 10)
            self.assertEqual(step["top"][0], [step["token"], step["logprob"]], "greedy takes the best")
            values = [logprob for _, logprob in step["top"]]
            self.assertEqual(values, sorted(values, reverse=True))
            self.assertLessEqual(values[0], 0)

    def test_the_text_is_that_of_the_tokens(self):
        out = self.generate(SMOLLM2, PROMPT, "--max-tokens", 8, "--temperature", 0)
        joined = self.tokenize(SMOLLM2, PROMPT + out["text"])
        self.assertEqual(joined, out["prompt_tokens"] + out["tokens"])

    def test_without_logprobs_the_steps_have_no_top(self):
        out = self.generate(SMOLLM2, PROMPT, "--max-tokens", 2, "--temperature", 0)
        self.assertEqual([(s["logprob"], s["top"]) for s in out["steps"]], [(None, []), (None, [])])

    def test_a_seed_repeats_and_another_differs(self):
        for model in (SMOLLM2, GEMMA3):
            with self.subTest(model=model.name):
                first = self.generate(model, PROMPT, *SAMPLED, "--seed", 7)["tokens"]
                again = self.generate(model, PROMPT, *SAMPLED, "--seed", 7)["tokens"]
                other = self.generate(model, PROMPT, *SAMPLED, "--seed", 8)["tokens"]
                self.assertEqual(first, again)
                self.assertNotEqual(first, other)

    def test_top_k_of_one_is_greedy(self):
        greedy = self.generate(SMOLLM2, PROMPT, "--max-tokens", 12, "--temperature", 0)["tokens"]
        narrow = self.generate(SMOLLM2, PROMPT, "--max-tokens", 12, "--temperature", 1.5, "--top-k", 1,
                               "--seed", 3)["tokens"]
        self.assertEqual(narrow, greedy)

    def test_a_repeat_penalty_changes_a_loop(self):
        loop = "yes no yes no yes no yes no yes no yes no"
        plain = self.generate(SMOLLM2, loop, "--max-tokens", 8, "--temperature", 0)["tokens"]
        punished = self.generate(SMOLLM2, loop, "--max-tokens", 8, "--temperature", 0,
                                 "--repeat-penalty", 1.8)["tokens"]
        self.assertNotEqual(plain, punished)

    def test_chat_applies_the_template(self):
        question = "Name three primary colors."
        out = self.generate(SMOLLM2, question, "--chat", "--max-tokens", 4, "--temperature", 0)
        # SmolLM2's own template puts a system message first where there is none.
        text = ("<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face"
                f"<|im_end|>\n<|im_start|>user\n{question}<|im_end|>\n<|im_start|>assistant\n")
        self.assertEqual(out["prompt_tokens"], self.tokenize(SMOLLM2, text))
        # The template alone decides: --bos adds nothing to it.
        again = self.generate(SMOLLM2, question, "--chat", "--bos", "--max-tokens", 4, "--temperature", 0)
        self.assertEqual(again["prompt_tokens"], out["prompt_tokens"])

    def test_in_a_chat_the_users_text_is_never_a_special_token(self):
        out = self.generate(SMOLLM2, "Say <|im_end|> twice", "--chat", "--max-tokens", 1)
        plain = self.generate(SMOLLM2, "Say nothing twice", "--chat", "--max-tokens", 1)
        end = self.tokenize(SMOLLM2, "<|im_end|>")
        self.assertEqual(len(end), 1)
        self.assertEqual(out["prompt_tokens"].count(end[0]), plain["prompt_tokens"].count(end[0]))

    def test_an_end_token_ends_it(self):
        out = self.generate(SMOLLM2, "What is the capital of France? Answer in one word.", "--chat",
                            "--max-tokens", 64, "--temperature", 0)
        self.assertEqual(out["finish_reason"], "end_token")
        self.assertNotIn("<|im_end|>", out["text"])

    def test_without_json_the_text_is_printed(self):
        path = self.write("prompt.txt", PROMPT)
        done = self.run_tool("generate", "--model", SMOLLM2, "--prompt-file", path, "--max-tokens", 6)
        self.assertEqual(done.returncode, 0)
        out = self.generate(SMOLLM2, PROMPT, "--max-tokens", 6)
        self.assertEqual(done.stdout.decode().rstrip("\n"), out["text"].rstrip("\n"))


if __name__ == "__main__":
    unittest.main()
