"""`alviss devices`, `inspect` and `--version`, and the other samples."""

import subprocess
import unittest

from tool import LIMIT_S, SMOLLM2, TOOL, ToolTest


class Look(ToolTest):
    def test_devices(self):
        done = self.run_tool("devices")
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        self.assertTrue(done.stdout.strip())

    def test_devices_json(self):
        for device in self.json_of("devices", "--json")["devices"]:
            self.assertEqual(set(device) & {"name", "usable", "type"}, {"name", "usable", "type"})
            self.assertEqual(device["usable"], not device["refusal"])

    def test_inspect(self):
        done = self.run_tool("inspect", SMOLLM2)
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        for part in ("llama", "token_embd.weight", "Q4_1", "49152"):
            self.assertIn(part, done.stdout.decode())

    def test_version(self):
        done = self.run_tool("--version")
        self.assertEqual(done.returncode, 0)
        self.assertIn("0.1", done.stdout.decode())

    def test_inspect_plans_memory(self):
        plan = self.json_of("inspect", SMOLLM2, "--plan", "--context", 512, "--json")["plan"]
        self.assertTrue(plan["fits"])
        self.assertGreater(plan["weights_bytes"], 90e6)
        more = self.json_of("inspect", SMOLLM2, "--plan", "--context", 1024, "--json")["plan"]
        self.assertEqual(more["kv_bytes"], 2 * plan["kv_bytes"])


class Samples(unittest.TestCase):
    def test_hello(self):
        hello = TOOL.with_name("hello")
        done = subprocess.run([hello, SMOLLM2, "What is the capital of France?"], capture_output=True,
                              timeout=LIMIT_S)
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        self.assertIn("Paris", done.stdout.decode())

    def test_hello_says_what_is_wrong(self):
        done = subprocess.run([TOOL.with_name("hello"), "/no/such.gguf"], capture_output=True,
                              timeout=LIMIT_S)
        self.assertEqual(done.returncode, 1)
        self.assertIn("/no/such.gguf", done.stderr.decode())


if __name__ == "__main__":
    unittest.main()
