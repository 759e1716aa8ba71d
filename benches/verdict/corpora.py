"""Corpora for the verdict's own trial: real texts, with one fault planted at a dose. Python's standard library alone.

A fault is a function of (random, text, others) that spoils one document; a dose is the share of documents it is applied to. `duplicates` is no change of
a document but of the corpus: at a dose of 0.6 only 0.4 of its documents are different ones, and as many tokens stand in it as before.
"""

import gzip
import json
import random
import re
from pathlib import Path

MENU = ["Home | About | Contact | Login", "Accept all cookies to continue", "Share this on social media", "Subscribe to our newsletter today", "Read more »",
        "All rights reserved."]


def texts(data: Path, least: int = 600) -> list[str]:
    """Main texts of web pages, in a fixed random order."""
    found = [json.loads(line)["text"] for line in open(data / "wcxb-dev" / "gold.jsonl", encoding="utf-8")]
    found = [text for text in found if text and len(text) >= least]
    random.Random(11).shuffle(found)
    return found


def other_language(data: Path) -> list[str]:
    """German texts, for the fault of the wrong language."""
    with gzip.open(data / "text-debian-docs" / "de.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [text for text in (json.loads(line)["text"] for line in lines) if len(text) >= 600]


def gibberish(rng, text, _):
    return re.sub(r"[^\W\d_]", lambda letter: rng.choice("etaoinshrdlucmfwypvbgkjqxz"), text)


def boilerplate(rng, text, _):
    lines, length = [], 0
    while length < len(text):
        lines.append(rng.choice(MENU))
        length += len(lines[-1]) + 1
    return "\n".join(lines)


def wrong_language(rng, text, others):
    other = rng.choice(others)
    return (other * (len(text) // len(other) + 1))[: len(text)]


def shuffled_words(rng, text, _):
    """The words of each sentence in a random order."""

    def mixed(sentence):
        words = sentence.split()
        rng.shuffle(words)
        return " ".join(words)

    return " ".join(mixed(sentence) for sentence in re.split(r"(?<=[.!?])\s+", text))


def shuffled_sentences(rng, text, _):
    """The sentences of a document in a random order, joined by spaces: line breaks between them are lost too."""
    sentences = re.split(r"(?<=[.!?])\s+", text)
    rng.shuffle(sentences)
    return " ".join(sentences)


def sentence_order(rng, text, _):
    """The same, with spaces and line breaks in their places, so that nothing but the order is spoilt."""
    parts = re.split(r"((?<=[.!?])\s+)", text)
    sentences = parts[::2]
    rng.shuffle(sentences)
    parts[::2] = sentences
    return "".join(parts)


FAULTS = {f.__name__: f for f in (gibberish, boilerplate, wrong_language, shuffled_words, shuffled_sentences, sentence_order)}


def spoilt(fault: str, dose: float, pool: list[str], others: list[str], seed: int) -> list[tuple[int, str]]:
    """Documents of `pool`, numbered, with the fault at a dose; a larger dose spoils what a smaller one spoilt, and more.

    A document keeps its number whatever becomes of it, as it keeps its id where a stage edits it.
    """
    if fault == "duplicates":
        first = pool[: max(1, round(len(pool) * (1 - dose)))]
        rng = random.Random(f"{seed} duplicates")
        return list(enumerate(first + [rng.choice(first) for _ in range(len(pool) - len(first))]))
    made = []
    for number, text in enumerate(pool):
        rng = random.Random(f"{seed} {fault} {number}")
        made.append((number, FAULTS[fault](rng, text, others) if rng.random() < dose else text))
    return made


def write(path: Path, documents: list[tuple[int, str]]) -> Path:
    """JSON lines of numbered documents."""
    path.write_text("".join(json.dumps({"id": str(number), "text": text}) + "\n" for number, text in documents), encoding="utf-8")
    return path
