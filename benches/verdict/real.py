"""The verdict on real pages: `pipelines/web.toml` stage by stage, the built-in classifier against chance, three extractors of the same pages.

    python3 benches/verdict/real.py --binary target/release/dataprep --data DATA --work FOLDER [--only web classifier extractors] [--tokens N] [--seeds N]

The pages are those of wcxb-dev and trafilatura-eval. Held out are the reviewed main texts of every sixth page of wcxb-dev, by kind of page; none of those
pages is in an arm. `extractors` needs the packages trafilatura and resiliparse. Reports lie in FOLDER/NAME.txt, beside what the verb wrote.
"""

import argparse
import gzip
import hashlib
import json
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def held_out(number: str) -> bool:
    return hashlib.sha256(number.encode()).digest()[0] % 6 == 0


def gold(data: Path, name: str) -> list[dict]:
    return [json.loads(line) for line in open(data / name / "gold.jsonl", encoding="utf-8")]


def prepare(arguments):
    """`heldout.jsonl`, `pages.tsv` and `pages.warc.gz`."""
    work = arguments.work
    work.mkdir(parents=True, exist_ok=True)
    with open(work / "heldout.jsonl", "w", encoding="utf-8") as out:
        for page in gold(arguments.data, "wcxb-dev"):
            if held_out(page["id"]) and page["text"] and len(page["text"]) >= 200:
                print(json.dumps({"id": page["id"], "page_type": page["page_type"], "text": page["text"]}), file=out)
    pages = []
    for name in ("wcxb-dev", "trafilatura-eval"):
        for page in gold(arguments.data, name):
            path = arguments.data / name / "html" / f"{page['id']}.html.gz"
            if path.exists() and not (name == "wcxb-dev" and held_out(page["id"])):
                pages.append((page.get("url") or f"https://{name}.example/{page['id']}", path))
    (work / "pages.tsv").write_text("".join(f"{url}\t{path}\n" for url, path in pages), encoding="utf-8")
    subprocess.run([arguments.binary, "to-warc", work / "pages.tsv", work / "pages.warc.gz"], check=True)


def validate(arguments, name: str, command: list):
    if arguments.tokens:
        command += ["--tokens", str(arguments.tokens)]
    if arguments.seeds:
        command += ["--seeds", str(arguments.seeds)]
    command = [arguments.binary, "validate", *map(str, command), "--threads", str(arguments.threads)]
    print("#", *command, flush=True)
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    (arguments.work / f"{name}.txt").write_text(done.stdout, encoding="utf-8")
    print(done.stdout, flush=True)


def settings(arguments, name: str) -> list:
    work = arguments.work
    keys = {"source.path": work / "pages.warc.gz", "run.output": work / name, "validate.heldout": work / "heldout.jsonl", "validate.heldout_by": "column:page_type"}
    return [part for key, value in keys.items() for part in ("--set", f"{key}={value}")]


def web(arguments):
    validate(arguments, "web", [HERE.parent.parent / "pipelines" / "web.toml", *settings(arguments, "web"), "--set", "validate.arms=each_stage"])


def classifier(arguments):
    validate(arguments, "classifier", [HERE / "classifier.toml", *settings(arguments, "classifier")])


def extractors(arguments):
    """Our main texts, trafilatura's and resiliparse's, of the same pages."""
    import resiliparse.extract.html2text as resiliparse
    import trafilatura
    from resiliparse.parse.encoding import bytes_to_str, detect_encoding

    work = arguments.work
    texts = {"resiliparse": {}, "trafilatura": {}, "dataprep": {}}
    for line in (work / "pages.tsv").read_text(encoding="utf-8").splitlines():
        url, path = line.split("\t")
        page = gzip.open(path).read()
        ours = subprocess.run([arguments.binary, "extract", "-"], input=page, stdout=subprocess.PIPE)
        texts["dataprep"][url] = ours.stdout.decode("utf-8", "replace")
        texts["trafilatura"][url] = trafilatura.extract(page) or ""
        texts["resiliparse"][url] = resiliparse.extract_plain_text(bytes_to_str(page, detect_encoding(page)), main_content=True, alt_texts=False)
    command = ["--heldout", work / "heldout.jsonl", "--heldout-by", "column:page_type", "--out", work / "extractors"]
    for name, of_pages in texts.items():
        # The id is the page's, so that a page falls into the same share of every arm.
        lines = (json.dumps({"id": url, "text": text}) for url, text in of_pages.items() if text.strip())
        (work / f"{name}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
        command += ["--arm", f"{name}={work / f'{name}.jsonl'}"]
    validate(arguments, "extractors", command)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default="target/release/dataprep")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--only", nargs="+", choices=["web", "classifier", "extractors"], default=["web", "classifier", "extractors"])
    parser.add_argument("--tokens", type=int)
    parser.add_argument("--seeds", type=int)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    arguments.data, arguments.work = arguments.data.resolve(), arguments.work.resolve()
    prepare(arguments)
    for name in arguments.only:
        {"web": web, "classifier": classifier, "extractors": extractors}[name](arguments)


if __name__ == "__main__":
    sys.exit(main())
