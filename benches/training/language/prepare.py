#!/usr/bin/env python3
"""Word lists and labels for training the language model: `prepare.py OUT [MO_DIR [OTHER_MO_DIR]]`.

Writes OUT/<code>.tsv, one `word<TAB>weight` a line, sorted. Two sources, both optional for a language:
- the Python package wordfreq (3.1, data CC BY-SA 4.0): frequency of the 60,000 commonest words, per million;
- LibreOffice's translations (MPL 2.0; Debian packages libreoffice-l10n-*, unpacked under MO_DIR): words of its messages, counted.
The two are scaled to one million running words each and added.

Writes OUT/labels/<language>.txt (LibreOffice) and OUT/labels/<language>.held (gettext catalogues under OTHER_MO_DIR, such as /usr/share/locale) as
well: short messages, of which menus are made.
"""
import collections, gettext, pathlib, re, sys, unicodedata
import wordfreq

CODES = "af ar az be bg bn bs ca cs cy da de el en eo es et eu fa fi fr ga gu he hi hr hu hy id is it ja ka kk ko la lg lt lv mi mk mn mr ms nb ne nl nn pa pl pt ro ru sk sl sn so sq sr st sv sw ta te th tl tn tr ts uk ur vi xh yo zh zu".split()
FREQ = {"tl": "fil", "sr": None, "bs": None, "hr": None, "zh": None, "ja": None, "th": None, "ko": None}
FOLDERS = {"en": ["en_GB"], "pa": ["pa_IN"], "pt": ["pt", "pt_BR"], "ca": ["ca", "ca@valencia"], "zh": [], "ja": []}
WORD = re.compile(r"[^\W\d_]+(?:[\u0900-\u0dff][^\W\d_]*)*")


def words(text):
    text = re.sub(r"<[^>]*>|%\w+|\$\(\w+\)|%\{\w+\}|&\w+;", " ", text).replace("~", "").replace("_", "")
    return WORD.findall(unicodedata.normalize("NFC", text).lower())


def messages(root, code):
    count = collections.Counter()
    for folder in FOLDERS.get(code, [code]):
        for path in sorted((root / "usr/lib/libreoffice/program/resource" / folder / "LC_MESSAGES").glob("*.mo")):
            for key, text in gettext.GNUTranslations(open(path, "rb"))._catalog.items():
                original = key[0] if isinstance(key, tuple) else key
                original = original.split("\x04")[-1]
                if isinstance(text, str) and original and (text != original or code == "en"):
                    count.update(words(text))
    return count


def labels(paths, out):
    found = set()
    for path in paths:
        try:
            catalogue = gettext.GNUTranslations(open(path, "rb"))._catalog
        except (OSError, ValueError, UnicodeDecodeError, IndexError, SyntaxError, KeyError):
            continue
        for text in catalogue.values():
            if isinstance(text, str):
                text = " ".join(text.replace("~", "").replace("_", "").replace("&", "").split()).rstrip(".…:")
                if 1 <= len(text.split()) <= 4 and 2 < len(text) < 40 and sum(c.isalpha() or c.isspace() or unicodedata.category(c)[0] == "M" for c in text) > 0.9 * len(text):
                    found.add(text)
    if len(found) >= 150:
        out.write_text("\n".join(sorted(found)) + "\n")


def main():
    out = pathlib.Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    root = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else None
    (out / "labels").mkdir(exist_ok=True)
    for at, end in enumerate(["txt", "held"], 2):
        if len(sys.argv) > at:
            for folder in sorted(path.parent for path in pathlib.Path(sys.argv[at]).rglob("LC_MESSAGES")):
                labels(sorted((folder / "LC_MESSAGES").glob("*.mo")), out / "labels" / f"{folder.name}.{end}")
    for code in CODES:
        total = collections.Counter()
        name = FREQ.get(code, code)
        if name and name in wordfreq.available_languages():
            for word in wordfreq.top_n_list(name, 60000):
                if WORD.fullmatch(word):
                    total[word] += wordfreq.word_frequency(word, name) * 1e6
        if root:
            count = messages(root, code)
            whole = max(1, sum(count.values()))
            for word, n in count.items():
                total[word] += n * 1e6 / whole
        if total:
            with open(out / f"{code}.tsv", "w") as file:
                for word, weight in sorted(total.items()):
                    file.write(f"{word}\t{weight:.4g}\n")
        print(code, len(total), name in wordfreq.available_languages() if name else False)


main()
