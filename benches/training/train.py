"""Trains the block model: boosted trees, then a network that sees what they say; cross-validated by site, then on everything.

    python train.py DATA DUMP OUT [FOLDS]     DATA: folder of sets, DUMP: what training_blocks wrote, OUT: model file
"""
import sys, zlib
import lightgbm as lgb
import numpy as np
import data, export, net, scores

TREES = 150
PARAMETERS = dict(objective="cross_entropy", learning_rate=0.12, num_leaves=15, min_data_in_leaf=150, feature_fraction=0.3, bagging_fraction=0.8, bagging_freq=1,
                  lambda_l2=10.0, max_bin=63, verbose=-1, seed=1, deterministic=True, force_row_wise=True, num_threads=1)
# Long pages bring thousands of like blocks: of their sure negatives this many are enough.
ENOUGH = 150

def weights(page):
    """Long blocks count more, each page about alike."""
    w = np.minimum(page["w"], 150) ** 0.7
    w = w / max(w.sum(), 20.0) ** 0.8
    if page["set"] == "trafilatura-eval": w = w * 0 + 0.04
    return w * {"defuddle": 0.3, "mozilla-readability": 0.6}.get(page["set"], 1.0)

def stack(pages, key): return np.concatenate([p[key] for p in pages])

def trees(pages):
    y = stack(pages, "y"); w = np.concatenate([weights(p) for p in pages]); n = np.concatenate([np.full(len(p["texts"]), len(p["texts"])) for p in pages])
    thin = (y < 0.05) & (np.random.default_rng(7).random(len(y)) > ENOUGH / np.maximum(n, ENOUGH))
    w = np.where((y < 0.05) & (n > ENOUGH), w * n / ENOUGH, w); ok = ~np.isnan(y) & ~thin
    return lgb.train(PARAMETERS, lgb.Dataset(stack(pages, "x")[ok], y[ok], weight=w[ok] / w[ok].mean()), TREES)

def main():
    pages = [p for p in data.load(sys.argv[1], sys.argv[2]) if len(p["texts"])]; folds = int(sys.argv[4]) if len(sys.argv) > 4 else 8
    fold = lambda p: zlib.crc32(p["site"].encode()) % folds
    parts = [([p for p in pages if fold(p) != f], [p for p in pages if fold(p) == f]) for f in range(folds)]
    for seen, unseen in parts:
        model = trees(seen)
        for p in unseen: p["p1"] = model.predict(p["x"], num_threads=1).astype(np.float32)
    scores.report(pages, lambda p: p["p1"], "trees")
    net.prepare(pages)
    everything = net.scale_of(pages)
    export.write(sys.argv[3], trees(pages), net.fit(pages, everything), everything)
    for seen, unseen in parts:
        scale = net.scale_of(seen); net.predict(unseen, net.fit(seen, scale), scale, "late")
    scores.report(pages, lambda p: 1 / (1 + np.exp(-(p["late"] + net.log_odds(p["p1"])) / 2)), "trees and network")

if __name__ == "__main__": main()
