"""Loads what `training_blocks` wrote: pages with features, labels and sites."""
import json, pathlib, pickle, re, sys
import numpy as np
import labels

SETS = ["wcxb-dev", "trafilatura-eval", "mozilla-readability", "cleanportaleval", "chinese-web-content", "newspaper4k", "defuddle"]

def site(gold, name):
    m = re.match(r"https?://([^/]+)", gold.get("url") or "")
    if not m: return f"{name}:{gold['id']}"
    parts = m.group(1).lower().split(":")[0].split(".")
    return ".".join(parts[-3:] if len(parts) > 2 and len(parts[-2]) <= 3 else parts[-2:])

def load(data, dump):
    pages = []
    for name in SETS:
        gold = {}
        for line in open(pathlib.Path(data) / name / "gold.jsonl"):
            d = json.loads(line); gold[d["id"]] = d
        rows = [json.loads(line) for line in open(pathlib.Path(dump) / f"{name}.jsonl")]
        total = sum(len(r["texts"]) for r in rows)
        x = np.fromfile(pathlib.Path(dump) / f"{name}.bin", dtype="<f4").reshape(total, -1) if total else None
        cache = pathlib.Path(dump) / f"{name}.labels"
        key = [len(r["texts"]) for r in rows]
        got = pickle.load(open(cache, "rb")) if cache.exists() else None
        if not got or got[0] != key:
            lab = [labels.segments(r["texts"], gold[r["id"]]) if gold[r["id"]]["text"] is None
                   else labels.align(r["texts"], labels.plain(gold[r["id"]])) for r in rows]
            got = (key, lab); pickle.dump(got, open(cache, "wb"))
        at = 0
        for r, lab in zip(rows, got[1]):
            n = len(r["texts"]); g = gold[r["id"]]
            pages.append(dict(set=name, id=r["id"], kind=g.get("page_type"), gold=None if g["text"] is None else labels.plain(g), segs=(g.get("with") or [], g.get("without") or []),
                site=site(g, name), texts=r["texts"], w=np.maximum(np.array(r["units"], dtype=np.float32), 0.1), x=x[at:at + n] if n else None,
                y=np.array([np.nan if v is None else v for v in lab], dtype=np.float32), areas=r["areas"], kin=r["kin"], repeats=np.array(r["repeats"], dtype=bool)))
            at += n
    return pages
