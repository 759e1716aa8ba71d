"""Labels for blocks: which blocks of a page stand in its gold text, or among the segments that must (not) be extracted."""
import collections, json, re

def toks(text):
    """Word tokens; letters of scripts without spaces stand alone."""
    return re.findall(r"[\u0e00-\u0eff\u1000-\u109f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|\w+", (text or "").lower())

def plain(gold):
    """Markdown gold of defuddle without its marks."""
    text = gold["text"] or ""
    if gold.get("format") == "markdown":
        text = re.sub(r"!\[[^\]]*\]\([^)]*\)", " ", text)
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
    return text

def align(blocks, gold_text):
    """Share of each block's tokens that gold has, 0 to 1. Short texts that gold holds fewer times than the page go to the blocks beside kept ones."""
    gold = toks(gold_text)
    joined = " " + " ".join(gold) + " "
    grams = collections.Counter(tuple(gold[i:i + 4]) for i in range(len(gold) - 3))
    words = set(gold)
    labels, short, used = [0.0] * len(blocks), collections.defaultdict(list), set()
    for i, text in enumerate(blocks):
        t = toks(text)
        if not t: continue
        if len(t) >= 8:
            g = [tuple(t[k:k + 4]) for k in range(len(t) - 3)]
            share = sum(1 for x in g if x in grams) / len(g)
            key = " ".join(t)
            if share > 0.05: short[key].append((i, share))
        else:
            key = " " + " ".join(t) + " "
            if key in joined: short[key].append((i, 1.0))
    # long and unambiguous ones first
    sure = [0.0] * (len(blocks) + 1)
    order = sorted(short.items(), key=lambda kv: -len(kv[0]))
    for key, where in order:
        times = max(1, joined.count(key if key.startswith(" ") else " " + key + " "))
        if len(where) <= times and len(key.split()) >= 4:
            for i, s in where: labels[i] = s; sure[i] = s
    pre = [0.0]
    for i in range(len(blocks)): pre.append(pre[-1] + (sure[i] * min(len(toks(blocks[i])), 30)))
    def near(i, r=6): return pre[min(len(blocks), i + r + 1)] - pre[max(0, i - r)]
    for key, where in order:
        times = max(1, joined.count(key if key.startswith(" ") else " " + key + " "))
        if len(where) <= times and len(key.split()) >= 4: continue
        if len(key.split()) < 4:
            where = [(i, s) for i, s in where if near(i) > 0] or (where if not any(sure) else [])
        for i, s in sorted(where, key=lambda p: -near(p[0]))[:times]: labels[i] = s
    return labels

def segments(blocks, gold):
    """1, 0 or None (unknown) a block from segments."""
    norm = lambda s: " ".join((s or "").split())
    good = [norm(s) for s in gold.get("with") or []]; bad = [norm(s) for s in gold.get("without") or []]
    out = []
    for text in blocks:
        t = norm(text)
        if any(s and (s in t or (len(t) > 40 and t in s)) for s in good): out.append(1.0)
        elif any(s and (s in t or (len(t) > 40 and t in s)) for s in bad): out.append(0.0)
        else: out.append(None)
    return out
