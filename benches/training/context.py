"""What round two sees besides: the first round's chances around a block. src/html/context.rs computes the same."""
import numpy as np

BESIDE, LEVELS, WINDOWS = 4, 6, (3, 8, 20)

def context(page):
    p, w = page["p1"].astype(np.float64), page["w"].astype(np.float64)
    n = len(p); pw = p * w; cols = [p]
    for step in range(1, BESIDE + 1):
        for d in (-step, step):
            c = np.full(n, -1.0); i = np.arange(n) + d; ok = (i >= 0) & (i < n); c[ok] = p[i[ok]]; cols.append(c)
    cw, cpw = np.concatenate([[0], np.cumsum(w)]), np.concatenate([[0], np.cumsum(pw)])
    for r in WINDOWS:
        lo, hi = np.maximum(np.arange(n) - r, 0), np.minimum(np.arange(n) + r + 1, n)
        cols.append((cpw[hi] - cpw[lo]) / (cw[hi] - cw[lo]))
    top = max(max(a) for a in page["areas"]) + 1
    aw, apw = np.zeros(top), np.zeros(top)
    for i, chain in enumerate(page["areas"]):
        aw[chain] += w[i]; apw[chain] += pw[i]
    chain = np.array([(a + [0] * LEVELS)[:LEVELS] for a in page["areas"]])
    for k in range(LEVELS): cols.append(apw[chain[:, k]] / aw[chain[:, k]])
    names, inverse = np.unique(np.array(page["kin"]), return_inverse=True)
    kw, kpw = np.bincount(inverse, w), np.bincount(inverse, pw)
    cols.append(kpw[inverse] / kw[inverse])
    total, hoped = w.sum(), pw.sum()
    cols.append(np.full(n, hoped / total)); cols.append(np.full(n, np.log1p(hoped)))
    cols.append(np.full(n, p.max())); cols.append(cpw[:-1] / hoped)
    order = np.argsort(-p, kind="stable"); rank = np.empty(n); rank[order] = np.cumsum(w[order]) / total
    cols.append(rank)
    # The area that holds most of the hoped-for words in least text: best F1 of one area.
    score = 2 * apw / (aw + hoped); best = int(np.argmax(score))
    inside = np.array([best in a for a in page["areas"]], dtype=float)
    cols.append(inside); cols.append(np.full(n, score[best]))
    return np.stack(cols, axis=1).astype(np.float32)
