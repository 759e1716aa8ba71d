"""What a set of chances is worth: the choice of src/html/select.rs, and scores a page."""
import collections, re
import numpy as np
import labels

SCENARIOS = 40

def toks(text): return re.findall(r"\w+", (text or "").lower())

def f1(a, b):
    if not a or not b: return float(not a and not b)
    return 2 * sum((collections.Counter(a) & collections.Counter(b)).values()) / (len(a) + len(b))

def best_set(p, w):
    order = np.argsort(-p, kind="stable"); q = p[order]
    taken, hit = np.concatenate([[0], np.cumsum(w[order])]), np.concatenate([[0], np.cumsum((p * w)[order])])
    together = np.zeros(len(taken))
    for content in taken[np.searchsorted(-q, -(np.arange(SCENARIOS) + .5) / SCENARIOS, side="left")]:
        together += 2 * np.minimum(taken, content) / np.maximum(taken + content, 1e-9) if content > 0 else taken == 0
    out = np.zeros(len(p), bool); out[order[:int(np.argmax(together / SCENARIOS + 2 * hit / (taken + hit[-1])))]] = True
    return out

def leave_copies(page, chances):
    """A text in several parts of the page is kept in the part of its likeliest copy, as in src/html/kin.rs."""
    if not page["repeats"].any(): return chances
    out, copies = chances.copy(), collections.defaultdict(list)
    for i, text in enumerate(page["texts"]): copies[text].append(i)
    part = lambda i: (page["areas"][i] + [0, 0])[2]
    for where in copies.values():
        if not page["repeats"][where].any(): continue
        best = max(where, key=lambda i: (chances[i], -i))
        for i in where:
            if part(i) != part(best): out[i] = 0
    return out

def report(pages, chances, name):
    """Prints mean scores by set and kind; `chances` gives those of a page."""
    by = collections.defaultdict(list); tp = fp = fn = 0
    for p in pages:
        keep = best_set(leave_copies(p, chances(p)), p["w"])
        text = "\n".join(t for t, k in zip(p["texts"], keep) if k)
        if p["gold"] is not None:
            words = labels.toks if p["set"] == "chinese-web-content" else toks
            s = f1(words(text), words(p["gold"])); by[p["set"]].append(s)
            if p["kind"]: by["wcxb " + p["kind"]].append(s)
        else:
            flat = " ".join(text.split()); found = lambda s: " ".join(s.split()) in flat
            hits = sum(map(found, p["segs"][0])); tp += hits; fn += len(p["segs"][0]) - hits; fp += sum(map(found, p["segs"][1]))
    print(name, "|", ", ".join(f"{k} {np.mean(v):.4f}" for k, v in by.items()), f"| segments {2 * tp / max(1, 2 * tp + fp + fn):.4f}", flush=True)
