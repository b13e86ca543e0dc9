#!/usr/bin/env python3
"""Writes tests/goldens/wordpiece.json: token ids by PyPI `tokenizers` (tests/oracle/requirements.txt)
with all-MiniLM-L6-v2's own tokenizer.json, without [CLS] and [SEP]. Run in the oracle's environment:
    python tests/text/make_wordpiece_goldens.py tokenizer.json >tests/goldens/wordpiece.json"""
import json
import random
import sys

import tokenizers

tokenizer = tokenizers.Tokenizer.from_file(sys.argv[1])
tokenizer.no_truncation()
tokenizer.no_padding()

TEXTS = [
    "", " ", "Hello, World!", "unaffable", "The quick brown fox jumps over the lazy dog.",
    "caf\u00e9 na\u00efve \u00c5ngstr\u00f6m \u0130stanbul Stra\u00dfe \u1e9e \ufb01ne",
    "e\u0301 combining, o\u0308 too", "\u4f60\u597d\u4e16\u754c mixed\u4e2dtext", "\ud55c\uad6d\uc5b4 \uac00\uac01\ud7a3",
    "\u3053\u3093\u306b\u3061\u306f\u3001\u30ab\u30bf\u30ab\u30ca\u30ac", "don't can't I'm $5.00 50% #tag @you a_b c-d e/f",
    "a\tb\nc\rd\u00a0e\u2003f\u200bg\ufeffh", "\u0000zero \ufffd replacement \u0007bell \u0085next",
    "x" * 99 + " " + "y" * 100 + " " + "z" * 101, "\u00e9" * 100 + " " + "\u4e2d" * 3,
    "emoji \U0001f600\U0001f468\u200d\U0001f469 \u2764\ufe0f", "\u037e Greek question; \u1fef \u00b4 \u201cquotes\u201d \u2026 \u2014",
    "\u0410\u043b\u0435\u043a\u0441\u0435\u0439 \u0419\u043e\u0433 \u0395\u03bb\u03bb\u03ac\u03b4\u03b1 \u03a3\u03a3", "\u0639\u0631\u0628\u0649 \u05e2\u05d1\u05e8\u05d9\u05ea \u0939\u093f\u0928\u094d\u0926\u0940 \u0e44\u0e17\u0e22",
    "1234567890 3.14159 1,000,000 0x1F", "\uf900\ufa2d \U0002f800", "internationalization antidisestablishmentarianism",
    "\u1100\u1161 jamo", "\U0001d400\U0001d401 math \u2460 \u2122 \u00bd \u00b2", "https://example.com/a?b=c&d=%20",
]
rng = random.Random(4)
ALPHABETS = [[chr(c) for c in range(0x20, 0x7F)], [chr(c) for c in range(0xA0, 0x250)],
             [chr(c) for c in range(0x0, 0x3000) if not 0xD800 <= c < 0xE000],
             [chr(c) for c in range(0x3000, 0x20000) if not 0xD800 <= c < 0xE000]]
for i in range(300):
    alphabet = ALPHABETS[i % 4]
    TEXTS.append("".join(rng.choice(alphabet) if rng.random() < 0.8 else " " for _ in range(40)))
cases = [{"text": t, "ids": tokenizer.encode(t, add_special_tokens=False).ids} for t in TEXTS]
print(f'{{"source": "tokenizers {tokenizers.__version__}, tokenizer.json of all-MiniLM-L6-v2",\n"cases": [')
print(",\n".join(json.dumps(case) for case in cases))
print("]}")
