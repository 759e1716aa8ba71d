"""Does the verdict see planted faults, and nothing where there is nothing?

    python3 benches/verdict/faults.py --binary target/release/dataprep --data DATA --out results.jsonl [--nulls 40] [--repeats 4] [--tokens 40000]

Null arms: random halves of one corpus. Faults: four arms of one corpus at doses of 0, 10, 30 and 60 %, judged in all six pairs. Every study is a line of
`--out`, and one that is there is not made again; `--summary` prints what the lines come to. Trains on one thread.
"""

import argparse
import json
import random
import subprocess
import tempfile
from collections import defaultdict
from pathlib import Path

import corpora

DOSES = (0.0, 0.1, 0.3, 0.6)
FAULTS = (*corpora.FAULTS, "duplicates")


def judged(arguments, arms: dict[str, list[tuple[int, str]]], heldout: list[str]) -> dict:
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        command = [arguments.binary, "validate", "--out", str(folder / "out"), "--heldout", str(corpora.write(folder / "held.jsonl", list(enumerate(heldout))))]
        for name, documents in arms.items():
            command += ["--arm", f"{name}={corpora.write(folder / f'{name}.jsonl', documents)}"]
        command += ["--tokens", str(arguments.tokens), "--threads", "1", "--quiet", *(part for setting in arguments.set for part in ("--set", setting))]
        subprocess.run(command, check=True)
        return json.loads((folder / "out" / "validate.json").read_text())


def studies(arguments):
    """(name, arms) of every study, made only when it is asked for."""
    everything = corpora.texts(arguments.data)
    # Beginnings of documents: many documents say more than long ones, and cost less.
    heldout = [text[:1500] for text in everything[:120]]
    pool = everything[120:]
    others = corpora.other_language(arguments.data)
    for number in range(arguments.nulls):
        halves = list(enumerate(pool))
        random.Random(f"null {number}").shuffle(halves)
        yield f"null {number}", {"a": halves[::2], "b": halves[1::2]}, heldout
    for number in range(arguments.first, arguments.first + arguments.repeats):
        for fault in arguments.faults:
            # Four repeats have documents of their own.
            part = pool[number % 4 :: 4][: arguments.documents]
            yield f"{fault} {number}", {f"dose{round(100 * dose)}": corpora.spoilt(fault, dose, part, others, number) for dose in DOSES}, heldout


def surer(pair: dict) -> float:
    """The difference by which of the two measures says it more surely."""
    return max((pair, pair["ngram"]), key=lambda estimate: abs(estimate["mean"]) / max(estimate["smallest"], 1e-9))["mean"]


def summary(lines: list[dict]):
    nulls = [line["validation"] for line in lines if line["study"].startswith("null")]
    resolved = sum(null["verdict"] != "not_resolved" for null in nulls)
    print(f"null arms: {resolved} of {len(nulls)} resolved")
    print(f"{'fault':<20} {'pairs':>5} {'right order':>11} {'Transformer':>11} {'n-grams':>8} {'resolved':>8} {'wrongly':>7}   resolved by pair of doses")
    by_fault = defaultdict(list)
    for line in lines:
        if not line["study"].startswith("null"):
            by_fault[line["study"].split()[0]].extend(line["validation"]["differences"])
    for fault, differences in by_fault.items():
        # More of a fault is later in the list of arms, so that every pair should come out worse.
        orders = [[surer(pair) > 0 for pair in differences], [pair["mean"] > 0 for pair in differences], [pair["ngram"]["mean"] > 0 for pair in differences]]
        right, trained, counted = (sum(order) / len(differences) for order in orders)
        wrong = sum(pair["verdict"] == "better" for pair in differences)
        seen = defaultdict(list)
        for pair in differences:
            seen[f"{pair['against'][4:]}-{pair['arm'][4:]}"].append(pair["verdict"] == "worse")
        pairs = ", ".join(f"{doses} {sum(found)}/{len(found)}" for doses, found in seen.items())
        found = sum(map(sum, seen.values()))
        print(f"{fault:<20} {len(differences):>5} {right:>11.0%} {trained:>11.0%} {counted:>8.0%} {found:>8} {wrong:>7}   {pairs}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default="target/release/dataprep")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--nulls", type=int, default=40)
    parser.add_argument("--repeats", type=int, default=4)
    parser.add_argument("--first", type=int, default=0, help="number of the first repeat: what is tried out on some numbers is reported on others")
    parser.add_argument("--faults", nargs="+", choices=FAULTS, default=FAULTS)
    parser.add_argument("--tokens", type=int, default=40_000)
    parser.add_argument("--documents", type=int, help="documents of an arm, where a few are to be gone through many times; else a quarter of all")
    parser.add_argument("--set", nargs="+", default=[], metavar="validate.KEY=VALUE", help="other settings of the verdict, as validate.batch=2")
    parser.add_argument("--summary", action="store_true", help="judge nothing, print what is there")
    arguments = parser.parse_args()
    lines = [json.loads(line) for line in arguments.out.read_text().splitlines()] if arguments.out.exists() else []
    known = {line["study"] for line in lines}
    if not arguments.summary:
        with open(arguments.out, "a", encoding="utf-8") as out:
            for study, arms, heldout in studies(arguments):
                if study not in known:
                    lines.append({"study": study, "tokens": arguments.tokens, "validation": judged(arguments, arms, heldout)})
                    print(json.dumps(lines[-1]), file=out, flush=True)
    summary(lines)


if __name__ == "__main__":
    main()
