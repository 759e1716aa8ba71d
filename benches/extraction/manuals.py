"""Pages in Russian, Korean, Japanese, Chinese, Arabic, Persian, Hindi and Greek with their main content, from Debian's manuals.

usage: manuals.py PACKAGES OUT; gets the packages into PACKAGES (apt-get download) and writes OUT/<language>/gold.jsonl and OUT/<language>/html/<id>.html.gz
for `cargo bench --bench extraction -- OUT/<language>`. Needs: Debian 12, pip install lxml.

Gold is the element in which the program that made a page puts the document, without what it adds to that: navigation, tables of contents, marks of links.
So the pages are annotated a generator at a time. Pages that are mostly not in their language (untranslated), are short, or hide a part of the document until a
script has run are left out, and of a family as many as PAGES are taken, by the hash of their path. `page_type` is the family.
"""

import gzip
import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path

import lxml.html

PAGES, SHORTEST, OWN_LETTERS = 60, 400, 0.6
LETTERS = {
    "ru": "\u0400-\u04ff", "uk": "\u0400-\u04ff", "ko": "\uac00-\ud7af", "ja": "\u3040-\u30ff\u3400-\u9fff", "zh": "\u3400-\u9fff",
    "ar": "\u0600-\u06ff", "fa": "\u0600-\u06ff", "hi": "\u0900-\u097f", "el": "\u0370-\u03ff",
}
# A generator: the classes or the id of the document's element, and those of what stands inside and is not the document.
DOCBOOK = (["#body"], [".navheader", ".navfooter", ".toc", ".reportbug"])
PUBLICAN = (["#body"], [".docnav", ".toc", "#title", ".breadcrumbs"])
SPHINX = ([".body", ".grid_9"], [".headerlink", ".toctree-wrapper", ".contents"])
TEXI2HTML = (["#main"], [".nav_table", "#footer", "#languages"])
LIBREOFFICE = (["#DisplayArea"], [])
# A family: its generator, and for each language the package and where the pages lie.
FAMILIES = {
    "libreoffice": (LIBREOFFICE, {lang: (f"libreoffice-help-{code}", f"libreoffice/help/{folder}/text") for lang, code, folder in [
        ("ru", "ru", "ru"), ("ko", "ko", "ko"), ("ja", "ja", "ja"), ("zh", "zh-cn", "zh-CN"), ("hi", "hi", "hi")]}),
    "installation": (DOCBOOK, {lang: ("installation-guide-amd64", f"doc/installation-guide-amd64/{folder}") for lang, folder in [
        ("ru", "ru"), ("ko", "ko"), ("ja", "ja"), ("zh", "zh_CN"), ("el", "el")]}),
    "handbook": (PUBLICAN, {lang: ("debian-handbook", f"doc/debian-handbook/html/{folder}") for lang, folder in [
        ("ru", "ru-RU"), ("ko", "ko-KR"), ("ja", "ja-JP"), ("zh", "zh-CN"), ("ar", "ar-MA"), ("fa", "fa-IR"), ("el", "el-GR")]}),
    "faq": (DOCBOOK, {lang: (f"debian-faq-{code}", f"doc/debian/FAQ/{code}") for lang, code in [("ru", "ru"), ("ko", "ko"), ("ja", "ja"), ("zh", "zh-cn")]}),
    "lilypond": (TEXI2HTML, {lang: (f"lilypond-doc-html-{lang}", "doc/lilypond/html/Documentation") for lang in ("ja", "zh")}),
    "packaging": (SPHINX, {"ru": ("ubuntu-packaging-guide-html-ru", "doc/ubuntu-packaging-guide-html-ru")}),
    "developers": (SPHINX, {lang: (f"developers-reference-{lang}", f"developers-reference/{lang}") for lang in ("ru", "ja")}),
    "aptitude": (DOCBOOK, {lang: (f"aptitude-doc-{lang}", f"doc/aptitude/html/{lang}") for lang in ("ru", "ja")}),
    "mplayer": (DOCBOOK, {lang: ("mplayer-doc", f"doc/mplayer/HTML/{folder}") for lang, folder in [("ru", "ru"), ("zh", "zh_CN")]}),
    "gimp": (DOCBOOK, {lang: (f"gimp-help-{lang}", f"gimp/2.0/help/{lang}") for lang in ("ru", "ko", "fa")}),
    "new-maintainer": (DOCBOOK, {lang: (f"maint-guide-{code}", f"doc/maint-guide-{code}/html") for lang, code in [("ru", "ru"), ("ja", "ja"), ("zh", "zh-cn")]}),
}
BLOCKS = set("address article aside blockquote body br caption dd details div dl dt figcaption figure footer form h1 h2 h3 h4 h5 h6 header hr li main nav ol p pre section table "
             "td th tr ul".split())
UNSEEN = {"script", "style", "noscript", "template", "select", "button", "input", "label"}


def is_one_of(element, names):
    classes = (element.get("class") or "").split()
    return any(name[1:] in classes if name[0] == "." else element.get("id") == name[1:] or name == "#" + str(element.tag) for name in names)


def text_of(element, left_out):
    """What is seen of an element, blocks on lines of their own."""
    parts = []

    def walk(node):
        if not isinstance(node.tag, str) or node.tag in UNSEEN or is_one_of(node, left_out):
            return
        edge = "\n" if node.tag in BLOCKS else ""
        parts.append(edge + (node.text or ""))
        for child in node:
            walk(child)
            parts.append(child.tail or "")
        parts.append(edge)

    walk(element)
    lines = (" ".join(line.split()) for line in "".join(parts).split("\n"))
    return "\n".join(line for line in lines if line)


def gold_of(page, generator):
    wanted, left_out = generator
    element = next((element for element in page.iter() if isinstance(element.tag, str) and is_one_of(element, wanted)), None)
    return "" if element is None or element.xpath(".//*[@hidden]") else text_of(element, left_out)


def share_of(lang, text):
    letters = re.findall(r"[^\W\d_]", text)
    return len(re.findall(f"[{LETTERS[lang]}]", text)) / max(1, len(letters))


def pages_of(unpacked, package, folder, lang, generator):
    """At most PAGES pages of a family: path, bytes, gold and all the text of the page."""
    root = unpacked / package / "usr/share" / folder
    paths = sorted(filter(Path.is_file, root.rglob("*.htm*")), key=lambda path: hashlib.sha256(str(path.relative_to(root)).encode()).digest())
    found, seen = [], set()
    for path in paths:
        raw = path.read_bytes()
        page = lxml.html.fromstring(raw)
        gold = gold_of(page, generator)
        if len(gold) >= SHORTEST and share_of(lang, gold) >= OWN_LETTERS and gold[:300] not in seen:
            seen.add(gold[:300])
            body = page.find("body")
            found.append((path.relative_to(root), raw, gold, text_of(page if body is None else body, [])))
            if len(found) == PAGES:
                break
    return found


def main():
    packages, out = map(Path, sys.argv[1:])
    packages.mkdir(parents=True, exist_ok=True)
    for package in sorted({package for _, langs in FAMILIES.values() for package, _ in langs.values()}):
        if not (packages / package).exists():
            if not list(packages.glob(f"{package}_*.deb")):
                subprocess.run(["apt-get", "download", "-q", package], cwd=packages, check=True)
            subprocess.run(["dpkg-deb", "-x", next(packages.glob(f"{package}_*.deb")), packages / package], check=True)
    rows = {}
    for family, (generator, langs) in FAMILIES.items():
        for lang, (package, folder) in langs.items():
            for path, raw, gold, whole in pages_of(packages, package, folder, lang, generator):
                name = re.sub(r"\W+", "-", f"{family}-{path.with_suffix('')}")
                rows.setdefault(lang, []).append((name, raw, gold, family, 1 - len(gold) / max(1, len(whole))))
    for lang, pages in sorted(rows.items()):
        (out / lang / "html").mkdir(parents=True, exist_ok=True)
        with (out / lang / "gold.jsonl").open("w", encoding="utf-8") as file:
            for name, raw, gold, family, _ in pages:
                (out / lang / "html" / f"{name}.html.gz").write_bytes(gzip.compress(raw, mtime=0))
                file.write(json.dumps({"id": name, "url": None, "text": gold, "page_type": family}, ensure_ascii=False) + "\n")
        families = sorted({family for *_, family, _ in pages})
        beside = sum(page[-1] for page in pages) / len(pages)
        print(f"{lang}: {len(pages)} pages, {beside:.1%} of a page's text is not gold; {', '.join(families)}", flush=True)


if __name__ == "__main__":
    main()
