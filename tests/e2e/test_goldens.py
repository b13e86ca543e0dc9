"""The tool's tokens and log-probabilities are those of the float64 oracle (tests/goldens)."""

import unittest

from tool import GEMMA3, MODEL_DIR, SMOLLM2, TESTS, ToolTest, goldens

# The rule that generation.json states.
LOGPROB_TOLERANCE = 0.05
SURE_MARGIN = 0.2


class Goldens(ToolTest):
    def check_top(self, top, expected):
        ours = dict(map(tuple, top))
        for token, logprob in expected:
            if token in ours:
                self.assertAlmostEqual(ours[token], logprob, delta=LOGPROB_TOLERANCE)
            else:
                # It may have lost its place among the ten only to one within the tolerance.
                self.assertLessEqual(logprob, top[-1][1] + LOGPROB_TOLERANCE, f"token {token} is missing")

    def check_model(self, name):
        for prompt in goldens("generation.json")["models"][name]["prompts"]:
            with self.subTest(prompt=prompt["text"]):
                bos = ["--bos"] if "gemma" in name else []
                out = self.generate(MODEL_DIR / name, prompt["text"], *bos, "--max-tokens",
                                    len(prompt["greedy"]), "--temperature", 0, "--logprobs", 10)
                self.assertEqual(out["prompt_tokens"], prompt["ids"])
                self.check_top(out["steps"][0]["top"], prompt["top"])
                for i, (token, margin) in enumerate(zip(prompt["greedy"], prompt["margin"])):
                    if margin < SURE_MARGIN:
                        break
                    self.assertEqual(out["tokens"][i], token, f"step {i} of {prompt['greedy']}")

    def check_long(self, model, name, *args):
        expected = goldens(name)
        text = (TESTS / "goldens/long_text.txt").read_text()[: expected["text_chars"]]
        out = self.generate(model, text, *args, "--max-tokens", 1, "--temperature", 0, "--logprobs", 10)
        self.assertEqual(out["prompt_tokens"], expected["ids"])
        last = expected["top"][-1]
        self.assertEqual(last["position"], len(expected["ids"]) - 1)
        self.check_top(out["steps"][0]["top"], last["top"])

    def test_smollm2_prompts(self):
        self.check_model(SMOLLM2.name)

    def test_gemma3_prompts(self):
        self.check_model(GEMMA3.name)

    def test_smollm2_after_700_tokens(self):
        self.check_long(SMOLLM2, "long_text.smollm2.json")

    def test_gemma3_after_700_tokens(self):
        self.check_long(GEMMA3, "long_text.gemma3.json", "--bos")


if __name__ == "__main__":
    unittest.main()
