"""Writes tests/goldens/splitter.json: what langchain-text-splitters makes of texts.

pip install langchain-text-splitters==VERSION; python3 make_splitter_goldens.py > ../goldens/splitter.json
"""
import importlib.metadata
import json
import random

from langchain_text_splitters import RecursiveCharacterTextSplitter

MISSION = [
    "Artificial Intelligence (AI) is technology that enables computers to think and learn like humans.",
    "Machine learning is a branch of AI that learns patterns from data.",
    "Deep learning is a machine learning method using multi-layer neural networks.",
    "Natural Language Processing (NLP) is technology that enables computers to understand human language.",
    "Transformer is a revolutionary neural network architecture introduced in 2017.",
]
DEFAULT = ["\n\n", "\n", " ", ""]


def text(rng):
    words = ["a", "an", "the", "splitter", "Überlänge", "知識", "🙂🙂", "x" * 37, "e\u0301", "\u00a0", "\u3000"]
    between = [" ", " ", " ", " ", "  ", "\n", "\n\n", "\n\n\n", "\t", ". ", ""]
    return "".join(rng.choice(words) + rng.choice(between) for _ in range(rng.randrange(0, 120)))


def main():
    rng = random.Random(20261123)
    cases = [{"text": t, "size": 100, "overlap": 20, "separators": DEFAULT} for t in MISSION]
    cases.append({"text": "\n\n".join(MISSION), "size": 100, "overlap": 20, "separators": DEFAULT})
    for t in ["", " ", "\n\n\n", "abc", "\n\nabc\n\n", "a" * 250, " a" * 120]:
        cases.append({"text": t, "size": 100, "overlap": 20, "separators": DEFAULT})
    for _ in range(110):
        size = rng.choice([2, 5, 10, 20, 50, 100, 200])
        separators = rng.choice([DEFAULT, DEFAULT, DEFAULT, ["\n\n", "\n"], [". ", " ", ""], [""], ["the", " "]])
        cases.append({"text": text(rng), "size": size, "overlap": rng.randrange(0, size + 1), "separators": separators})
    for case in cases:
        splitter = RecursiveCharacterTextSplitter(
            chunk_size=case["size"], chunk_overlap=case["overlap"], separators=case["separators"])
        case["chunks"] = splitter.split_text(case["text"])
    version = importlib.metadata.version("langchain-text-splitters")
    print(json.dumps({"made_by": f"langchain-text-splitters {version}", "cases": cases}, ensure_ascii=True))


if __name__ == "__main__":
    main()
