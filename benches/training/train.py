"""Trains the block model: two rounds of gradient-boosted trees, cross-validated by site, then on everything.

    python train.py DATA DUMP OUT      DATA: folder of sets, DUMP: what training_blocks wrote, OUT: model file
"""
import collections, multiprocessing, pickle, re, sys, time, zlib
import lightgbm as lgb
import numpy as np
import data, context

FOLDS = 3
ROUND1 = dict(objective="cross_entropy", learning_rate=0.12, num_leaves=31, min_data_in_leaf=80, feature_fraction=0.3, bagging_fraction=0.8, bagging_freq=1,
              lambda_l2=10.0, max_bin=63, verbose=-1, seed=1, deterministic=True, force_row_wise=True, num_threads=1)
TREES1, TREES2 = 90, 70

def toks(text): return re.findall(r"\w+", (text or "").lower())
def f1(a, b):
    if not b: return 1.0 if not a else 0.0
    if not a: return 0.0
    o = sum((collections.Counter(a) & collections.Counter(b)).values())
    return 2 * o / (len(a) + len(b))

def best_set(p, w):
    order = np.argsort(-p, kind="stable"); hit = np.cumsum(p[order] * w[order]); taken = np.cumsum(w[order])
    k = int(np.argmax(2 * hit / (taken + hit[-1]))) + 1
    out = np.zeros(len(p), bool); out[order[:k]] = True
    return out

def weights(page):
    """Long blocks count more, each page about alike."""
    w = np.minimum(page["w"], 150) ** 0.7
    w = w / max(w.sum(), 20.0) ** 0.8
    if page["set"] == "trafilatura-eval": w = w * 0 + 0.04
    return w * {"defuddle": 0.3, "mozilla-readability": 0.6}.get(page["set"], 1.0)

def fold_of(page): return zlib.crc32(page["site"].encode()) % FOLDS

def stack(pages, key): return np.concatenate([p[key] for p in pages])

def fit(pages, key, trees, params):
    x = stack(pages, key); y = stack(pages, "y"); w = np.concatenate([weights(p) for p in pages])
    # Long pages bring thousands of like blocks: of their sure negatives a part is enough.
    n = np.concatenate([np.full(len(p["texts"]), len(p["texts"])) for p in pages])
    thin = (y < 0.05) & (np.random.default_rng(7).random(len(y)) > 150 / np.maximum(n, 150))
    w = np.where((y < 0.05) & (n > 150), w * n / 150, w)
    ok = ~np.isnan(y) & ~thin
    w = w / w[ok].mean()
    return lgb.train(params, lgb.Dataset(x[ok], y[ok], weight=w[ok]), trees)

def predict(model, pages, key, to):
    x = stack(pages, key); p = model.predict(x, num_threads=1); at = 0
    for page in pages:
        n = len(page["texts"]); page[to] = p[at:at + n].astype(np.float32); at += n

def report(pages, key, label):
    r = collections.defaultdict(list); tp = fp = fn = 0
    for p in pages:
        keep = best_set(p[key], p["w"]) if len(p["texts"]) else np.zeros(0, bool)
        text = "\n".join(t for t, k in zip(p["texts"], keep) if k)
        if p["gold"] is not None:
            s = f1(data.labels.toks(text), data.labels.toks(p["gold"])) if p["set"] == "chinese-web-content" else f1(toks(text), toks(p["gold"]))
            r[p["set"]].append(s)
            if p["kind"]: r["  " + p["kind"]].append(s)
        else:
            flat = " ".join(text.split())
            for s in p["segs"][0]:
                if " ".join(s.split()) in flat: tp += 1
                else: fn += 1
            fp += sum(" ".join(s.split()) in flat for s in p["segs"][1])
    print(label, " ".join(f"{k.strip()} {np.mean(v):.4f}" for k, v in r.items()), f"segments {2 * tp / max(1, 2 * tp + fp + fn):.4f} P {tp / max(1, tp + fp):.3f} R {tp / max(1, tp + fn):.3f}", flush=True)

def one(job):
    fold, key, trees = job
    x = [p for p in PAGES if fold_of(p) != fold]
    return fit(x, key, trees, ROUND1).model_to_string()

def round_of(key, trees, to):
    """Cross-validated chances into `to`, and the model of all pages."""
    with multiprocessing.Pool(FOLDS + 1) as pool:
        models = [lgb.Booster(model_str=m) for m in pool.map(one, [(f, key, trees) for f in range(FOLDS)] + [(None, key, trees)], chunksize=1)]
    for f in range(FOLDS): predict(models[f], [p for p in PAGES if fold_of(p) == f], key, to)
    return models[-1]

def main():
    global PAGES
    PAGES = [p for p in data.load(sys.argv[1], sys.argv[2]) if len(p["texts"])]
    t = time.time(); print("loaded", flush=True)
    first = round_of("x", TREES1, "p1")
    print(f"{time.time() - t:.0f} s", flush=True)
    report(PAGES, "p1", "round 1")
    for p in PAGES: p["x2"] = np.hstack([p["x"], context.context(p)])
    second = round_of("x2", TREES2, "p2")
    if len(sys.argv) > 3:
        import export; export.write(sys.argv[3], [first, second])
    print(f"{time.time() - t:.0f} s", flush=True)
    report(PAGES, "p2", "round 2")
    pickle.dump([(p["set"], p["id"], p["p1"], p["p2"]) for p in PAGES], open(sys.argv[2] + "/chances", "wb"))

if __name__ == "__main__": main()
