#!/usr/bin/env python3
"""Writes runtime/text/wordpiece_tables.cpp: what BERT's own tokenizer (PyPI `tokenizers`, see
tests/oracle/requirements.txt) does with each code point. Run it in the oracle's environment, then
clang-format:  python tests/text/make_wordpiece_tables.py >runtime/text/wordpiece_tables.cpp"""
import tokenizers
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer


def normalizer(**on):
    off = dict(clean_text=False, handle_chinese_chars=False, strip_accents=False, lowercase=False)
    return BertNormalizer(**{**off, **on}).normalize_str


clean = normalizer(clean_text=True)
chinese = normalizer(handle_chinese_chars=True)
fold = normalizer(strip_accents=True, lowercase=True)
split = BertPreTokenizer().pre_tokenize_str

HANGUL = range(0xAC00, 0xD7A4)  # decomposed by arithmetic
CODE_POINTS = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]


def ranges(points):
    out = []
    for c in points:
        if out and out[-1][1] == c - 1:
            out[-1][1] = c
        else:
            out.append([c, c])
    return out


def runs(mapping):
    """(first, count, stride, target, target stride): how most mappings repeat."""
    out = []
    for c, t in sorted(mapping.items()):
        if out:
            r = out[-1]
            first, count, stride, target, step = r
            last = first + (count - 1) * stride
            if count == 1 and c - last in (1, 2) and t - target in (0, c - last):
                r[1:] = [2, c - last, target, t - target]
                continue
            if count > 1 and c - last == stride and t == target + count * step:
                r[1] += 1
                continue
        out.append([c, 1, 1, t, 0])
    return out


def table(kind, name, rows):
    body = ", ".join("{" + ", ".join(str(v) for v in row) + "}" for row in rows)
    print(f"constexpr std::array<{kind}, {len(rows)}> {name}{{{{{body}}}}};\n")


dropped = [c for c in CODE_POINTS if clean(chr(c)) == ""]
spaces = [c for c in CODE_POINTS if clean(chr(c)) == " "]
ideographs = [c for c in CODE_POINTS if chinese(chr(c)) != chr(c)]
punctuation = [c for c in CODE_POINTS if len(split("a" + chr(c) + "a")) == 3]
folded = {c: fold(chr(c)) for c in CODE_POINTS if fold(chr(c)) != chr(c) and c not in HANGUL}
marks = [c for c, text in folded.items() if text == ""]
single = {c: ord(text) for c, text in folded.items() if len(text) == 1}
several = {c: text for c, text in folded.items() if len(text) > 1}

print(f"""// Written by tests/text/make_wordpiece_tables.py from tokenizers {tokenizers.__version__}: not by hand.
#include "text/wordpiece_tables.h"

namespace alv::text::wordpiece {{

namespace {{
""")
for name, points in (("kDropped", dropped), ("kSpaces", spaces), ("kIdeographs", ideographs),
                     ("kPunctuation", punctuation), ("kMarks", marks)):
    table("Range", name, ranges(points))
table("FoldRun", "kFolds", runs(single))
table("FoldSeveral", "kSeveral",
      [[c, *(ord(x) for x in text), *[0] * (3 - len(text))] for c, text in sorted(several.items())])
print("""}  // namespace

std::span<const Range> dropped() {
    return kDropped;
}
std::span<const Range> spaces() {
    return kSpaces;
}
std::span<const Range> ideographs() {
    return kIdeographs;
}
std::span<const Range> punctuation() {
    return kPunctuation;
}
std::span<const Range> marks() {
    return kMarks;
}
std::span<const FoldRun> folds() {
    return kFolds;
}
std::span<const FoldSeveral> folds_to_several() {
    return kSeveral;
}

}  // namespace alv::text::wordpiece""")
