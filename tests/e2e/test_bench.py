"""`alviss bench`: its JSON and its table. How fast anything is is not asserted."""

import json
import unittest

from tool import SMOLLM2, ToolTest

TINY = ("--prompts", "16", "--decode", "4", "--depths", "0", "--batches", "1,2", "--repeat", "2")


class Bench(ToolTest):
    def positive_spread(self, spread):
        self.assertEqual(set(spread), {"median", "min", "max"})
        self.assertGreater(spread["min"], 0)
        self.assertLessEqual(spread["min"], spread["median"])
        self.assertLessEqual(spread["median"], spread["max"])

    def counted(self, row):
        self.positive_spread(row["tok_s"])
        self.assertGreater(row["longest_submit_ms"], 0)
        for key in ("submits", "dispatches", "host_us"):
            self.assertGreater(row["per_token"][key], 0, key)
        self.assertIn("process_cpu_us", row["per_token"])

    def test_json(self):
        report = self.json_of("bench", SMOLLM2, *TINY, "--ops", "--show-tokens", "--json")
        self.assertEqual(
            set(report),
            {"alviss", "device", "model", "settings", "load", "first_token", "prefill", "decode", "batch",
             "memory", "ops", "left_out", "notes"})
        self.assertTrue(report["device"]["name"])
        self.assertEqual(report["model"]["file"], SMOLLM2.name)
        self.assertGreater(report["load"]["model_ms"], 0)
        self.assertGreaterEqual(report["load"]["ms"], report["load"]["model_ms"])

        first = report["first_token"]
        self.assertEqual(first["prompt_tokens"], 5)
        self.assertGreater(first["since_create_ms"], report["load"]["ms"])
        self.positive_spread(first["loaded_ms"])

        (prefill,) = report["prefill"]
        self.assertEqual((prefill["tokens"], prefill["reused_tokens"]), (16, 0))
        self.counted(prefill)
        self.positive_spread(prefill["first_token_ms"])
        self.assertEqual((len(prefill["prompt"]), len(prefill["new_tokens"])), (16, 1))

        (decode,) = report["decode"]
        self.assertEqual((decode["depth"], decode["new_tokens_timed"]), (0, 3))
        self.counted(decode)
        self.assertGreater(decode["weights_gb_s"], 0)
        between = decode["between_ms"]
        self.assertGreater(between["p50"], 0)
        self.assertLessEqual(between["p50"], between["p99"])
        self.assertLessEqual(between["p99"], between["max"])
        self.assertEqual(between["n"], 2 * 3)

        self.assertEqual([row["sessions"] for row in report["batch"]], [1, 2])
        for row in report["batch"]:
            self.counted(row)
            self.assertTrue(row["same_tokens_as_alone"])
            self.assertEqual([len(tokens) for tokens in row["new_tokens"]], [4] * row["sessions"])

        memory = report["memory"]
        self.assertGreater(memory["weights_bytes"], 90e6)
        self.assertGreater(memory["kv_bytes"], 0)
        self.assertGreater(memory["heap_bytes"], 0)
        self.assertEqual(memory["over_weights_and_kv_bytes"],
                         memory["allocated_bytes"] - memory["weights_bytes"] - memory["kv_bytes"]
                         + memory["heap_bytes"])
        self.assertEqual(report["left_out"], [])

        for phase in ("decode", "prefill"):
            ops = report["ops"][phase]["ops"]
            self.assertGreater(len(ops), 3)
            self.assertEqual(ops, sorted(ops, key=lambda op: -op["device_us"]))
            self.assertAlmostEqual(sum(op["share"] for op in ops), 1, delta=0.05)
            self.assertTrue(all(op["name"] and op["calls"] > 0 for op in ops))

    def test_prompts_are_the_same_each_time_and_may_be_given(self):
        ids = self.write("ids.json", json.dumps(list(range(100, 140))))
        only = ("--only", "prefill,decode", "--repeat", "1", "--show-tokens", "--json")
        tiny = ("--prompts", "8", "--depths", "8", "--decode", "4")
        first, again = (self.json_of("bench", SMOLLM2, *tiny, *only) for _ in range(2))
        self.assertEqual(first["decode"][0]["prompt"], again["decode"][0]["prompt"])
        self.assertEqual(first["decode"][0]["new_tokens"], again["decode"][0]["new_tokens"])
        self.assertEqual((first["batch"], first["memory"], first["ops"]), ([], None, None))
        given = self.json_of("bench", SMOLLM2, *tiny, *only, "--tokens", ids)
        self.assertEqual(given["decode"][0]["prompt"], list(range(100, 108)))
        self.assertEqual(given["prefill"][0]["new_tokens"], given["decode"][0]["new_tokens"][:1])

    def test_what_does_not_fit_is_left_out_with_a_reason(self):
        report = self.json_of("bench", SMOLLM2, "--only", "prefill,decode", "--prompts", "8,9000", "--depths",
                              "8190", "--decode", "4", "--repeat", "1", "--json")
        self.assertEqual([row["tokens"] for row in report["prefill"]], [8])
        self.assertEqual([row["row"] for row in report["left_out"]], ["prefill 9000", "decode at 8190"])
        for row in report["left_out"]:
            self.assertIn("8192", row["reason"])

    def test_table(self):
        done = self.run_tool("bench", SMOLLM2, *TINY)
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        for part in ("prefill 16", "decode at 0", "batch of 2", "tok/s", "weights"):
            self.assertIn(part, done.stdout.decode())
        self.assertIn("Measuring", done.stderr.decode())

    def test_wrong_arguments(self):
        self.refused("bench", "/no/such.gguf", says=["/no/such.gguf"])
        self.refused("bench", SMOLLM2, "--decode", "1")
        self.refused("bench", SMOLLM2, "--only", "everything", says=["everything"])
        self.refused("bench", SMOLLM2, "--tokens", self.write("bad.json", "{}"), "--prompts", "8", "--only",
                     "prefill", "--json", says=["token ids"])


if __name__ == "__main__":
    unittest.main()
