"""Texts and speed of trafilatura and resiliparse on the pages of a set, on one thread, for `cargo bench --bench extraction -- FOLDER NAME=FILE`.

usage: peers_extraction.py FOLDER OUT [trafilatura] [resiliparse]; FOLDER holds html/<id>.html.gz; OUT gets NAME.jsonl.
Needs: pip install trafilatura resiliparse lxml_html_clean. Speeds are megabytes of HTML a second of CPU time, decoding of bytes included.
"""

import gzip
import json
import logging
import sys
import time
from pathlib import Path

logging.disable(logging.CRITICAL)


def trafilatura():
    import trafilatura

    return lambda page: trafilatura.extract(page) or ""


def resiliparse():
    from resiliparse.extract.html2text import extract_plain_text
    from resiliparse.parse.encoding import bytes_to_str, detect_encoding
    from resiliparse.parse.html import HTMLTree

    def extract(page):
        tree = HTMLTree.parse(bytes_to_str(page, detect_encoding(page)))
        return extract_plain_text(tree, main_content=True, alt_texts=False)

    return extract


def main():
    folder, out, *names = sys.argv[1:]
    pages = [(path.name.removesuffix(".html.gz"), gzip.decompress(path.read_bytes())) for path in sorted(Path(folder, "html").glob("*.html.gz"))]
    size = sum(len(page) for _, page in pages) / 1e6
    Path(out).mkdir(parents=True, exist_ok=True)
    for name in names or ["trafilatura", "resiliparse"]:
        extract = {"trafilatura": trafilatura, "resiliparse": resiliparse}[name]()
        extract(b"<p>Whatever is loaded late is loaded now.</p>")
        start, texts, failed = time.process_time(), [], 0
        for number, page in pages:
            try:
                texts.append({"id": number, "text": extract(page)})
            except Exception:
                failed += 1
                texts.append({"id": number, "text": ""})
        spent = time.process_time() - start
        with Path(out, f"{name}.jsonl").open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(text, ensure_ascii=False) + "\n" for text in texts)
        print(f"{name}: {size / spent:.1f} MB/s of HTML, {len(pages)} pages, {failed} failed", flush=True)


if __name__ == "__main__":
    main()
