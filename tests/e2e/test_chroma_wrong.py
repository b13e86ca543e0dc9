"""The sample chroma against servers that misbehave. Loopback only."""

import http.server
import socket
import threading
import time
import unittest

from chroma_test import ChromaTest, free_port
from tool import MINILM


class Misbehaviour(ChromaTest):
    """Each of these is refused with what happened, and nothing hangs."""

    def serve(self, collection, query):
        """A server that gives `collection` and then `query`: (status, body)."""
        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self, status, body):
                self.send_response(status)
                self.end_headers()
                try:
                    for _ in range(0, len(body), 1 << 20):
                        self.wfile.write(body[_:_ + (1 << 20)])
                except OSError:
                    pass  # the client has had enough

            def do_GET(self):
                self.answer(*collection)

            def do_POST(self):
                self.rfile.read(int(self.headers["Content-Length"]))
                self.answer(*query)

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return f"http://127.0.0.1:{server.server_port}"

    def test_nobody_there(self):
        self.fails(f"http://127.0.0.1:{free_port()}", "abc", "search", MINILM, "x",
                   says="connect to server")
        self.fails("file:///etc", "abc", "search", MINILM, "x", says="nsupported protocol")

    def test_one_that_never_answers(self):
        with socket.create_server(("127.0.0.1", 0)) as mute:
            start = time.monotonic()
            self.fails(f"http://127.0.0.1:{mute.getsockname()[1]}", "abc", "search", MINILM, "x",
                       says="imeout was reached")
            self.assertLess(time.monotonic() - start, 60)

    def test_answers_that_are_none(self):
        good = (200, b'{"id": "1"}')
        for collection, query, says in (
                ((500, b'{"message": "on fire"}'), good, "500: on fire"),
                ((200, b"<html>"), good, "no JSON"),
                ((200, b"{}"), good, "no id"),
                (good, (503, b"busy"), "503: busy"),
                (good, (500, b"caf\xe9 " * 100), "500: caf? "),
                (good, (200, b'{"ids": [["a"]], "documents": [["b"]], "distances": [[0]],'
                             b' "metadatas": [[{"x": ' + b"[" * 500_000 + b"]" * 500_000 + b"}]]}"),
                 "no JSON"),
                (good, (200, b"[1, 2"), "no JSON"),
                (good, (200, b"{}"), "no ids"),
                (good, (200, b'{"ids": [["a"]], "documents": [[]], "metadatas": [[]],'
                             b' "distances": [[]]}'), "several lengths"),
                (good, (200, b'{"ids": [["' + b"a" * (17 << 20) + b'"]]}'), "more than 16777216")):
            with self.subTest(says):
                self.fails(self.serve(collection, query), "abc", "search", MINILM, "x", says=says)


if __name__ == "__main__":
    unittest.main()
