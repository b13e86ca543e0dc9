"""Runs the sample chroma; for the tests of it."""

import socket
import subprocess
import unittest

from tool import LIMIT_S, TOOL, ToolTest

CHROMA = TOOL.parent / "chroma"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class ChromaTest(ToolTest):
    def setUp(self):
        super().setUp()
        if not CHROMA.exists():
            self.skipTest("the sample was not built: libcurl is missing")

    def chroma(self, url, *args):
        return subprocess.run([str(CHROMA), url, *map(str, args)], capture_output=True,
                              timeout=LIMIT_S)

    def says(self, url, *args):
        done = self.chroma(url, *args)
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        return done.stdout.decode(), done.stderr.decode()

    def fails(self, url, *args, says):
        done = self.chroma(url, *args)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertEqual(done.stdout, b"")
        self.assertIn(says, done.stderr.decode())
