#!/usr/bin/env python3
"""Exact repeated passages, beside peers: CPU seconds, text MB/s, peak memory a byte of text, and whether the bytes marked are the true ones.

usage: peers_substring.py DOCS.jsonl WORK [--binary target/release/dataprep] [--mb 50] [--length 100] [--memory "64 MiB"] [--only dataprep,divsufsort,truth]
DOCS.jsonl holds {id, text}. Every copy is marked (keep = "none"), as deduplicate-text-datasets does; all on one thread.
`divsufsort` (pip install pydivsufsort) builds suffix array and LCP table of the joined texts and marks what they share: what any suffix array must
do at least. `truth` hashes every window (numpy). Each runs in a process of its own, whose CPU time and peak are taken."""
import argparse, json, multiprocessing, os, resource, shutil, subprocess, sys

p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
p.add_argument("docs"); p.add_argument("work"); p.add_argument("--binary", default="target/release/dataprep")
p.add_argument("--mb", type=float, default=50); p.add_argument("--length", type=int, default=100); p.add_argument("--memory", default="64 MiB")
p.add_argument("--only", default="dataprep,divsufsort,truth")
a = p.parse_args()
L = a.length


def joined():
    import numpy as np
    texts = [json.loads(line)["text"].encode() for line in open(a.work + "/in/docs.jsonl", encoding="utf8")]
    ends = np.cumsum([len(t) for t in texts])
    return np.frombuffer(b"".join(texts), np.uint8), ends


def inside(n, ends):
    """For each place, whether the window that starts there ends in the same document."""
    import numpy as np
    limit = np.repeat(ends, np.diff(ends, prepend=0))
    return np.arange(n) + L <= limit


def cover(starts, n):
    import numpy as np
    c = np.zeros(n + 1, np.int64)
    np.add.at(c, starts, 1); np.add.at(c, np.minimum(starts + L, n), -1)
    return np.cumsum(c)[:-1] > 0


def truth():
    """Two 64-bit hashes of each window by doubling; windows of equal hash are equal (one chance in 10^20 that they are not)."""
    import numpy as np
    x, ends = joined()
    def mix(h): h = h ^ (h >> np.uint64(31)); h = h * np.uint64(0x9E3779B97F4A7C15); return h ^ (h >> np.uint64(29))
    h = np.random.default_rng(1).integers(0, 2**64, 256, dtype=np.uint64)[x]; w = 1
    while w * 2 <= L: h = mix(h[:-w] * np.uint64(0xD6E8FEB86659FD93) + h[w:]); w *= 2
    if w < L: h = mix(h[:w - L] * np.uint64(0xA24BAED4963EE407) + h[L - w:])
    whole = np.flatnonzero(inside(len(x), ends)[:len(h)]); h = h[whole]
    s = np.sort(h); again = np.unique(s[1:][s[1:] == s[:-1]])
    return cover(whole[np.isin(h, again)], len(x))


def divsufsort():
    import numpy as np, pydivsufsort
    x, ends = joined()
    sa = pydivsufsort.divsufsort(x.copy()); lcp = pydivsufsort.kasai(x.copy(), sa)[:-1]
    # Windows that leave their document do not count: neighbours are sought among the others.
    whole = inside(len(x), ends)[sa]; at = sa[whole]
    group = np.cumsum(np.concatenate([[True], lcp < L]))[whole]
    same = group[1:] == group[:-1]
    return cover(at[np.concatenate([same, [False]]) | np.concatenate([[False], same])].astype(np.int64), len(x))


def dataprep():
    import numpy as np
    ends = joined()[1]; begins = np.concatenate([[0], ends[:-1]]); marked = np.zeros(ends[-1], bool)
    rows = open(a.work + "/out/artifacts/dedup_substring/cuts-00000", "rb").read()
    for row in (rows[i:i + 29] for i in range(0, len(rows), 29)):
        doc, start, end = (int.from_bytes(row[f:t], "big") for f, t in ((4, 8), (9, 13), (13, 17)))
        marked[begins[doc] + start:begins[doc] + end] = True
    return marked


def child(work, queue):
    marked = work()
    own = resource.getrusage(resource.RUSAGE_SELF)
    queue.put((marked, own.ru_utime + own.ru_stime, own.ru_maxrss * 1024))


def measured(work):
    queue = multiprocessing.Queue(); process = multiprocessing.Process(target=child, args=(work, queue)); process.start()
    found = queue.get(); process.join()
    return found


def report(name, seconds, peak, marked):
    print(f"{name}: {size / 1e6 / seconds:.2f} MB/s, cpu {seconds:.2f} s, peak {peak / 2**20:.0f} MiB = {peak / size:.1f} bytes a byte, "
          f"{int(marked.sum())} bytes marked ({100 * marked.mean():.2f} %)", flush=True)


shutil.rmtree(a.work, ignore_errors=True); os.makedirs(a.work + "/in"); size = number = 0
with open(a.docs, encoding="utf8") as lines, open(a.work + "/in/docs.jsonl", "w", encoding="utf8") as out:
    for line in lines:
        d = json.loads(line); size += len(d["text"].encode()); number += 1
        out.write(json.dumps({"id": str(number), "text": d["text"]}, ensure_ascii=False) + "\n")
        if size > a.mb * 1e6: break
print(f"{number} documents, {size / 1e6:.1f} MB, passages of {L} bytes")
only, marks = a.only.split(","), {}
if "dataprep" in only:
    with open(a.work + "/p.toml", "w") as f:
        f.write(f'[run]\noutput = "{a.work}/out"\n[source]\nuse = "jsonl"\npath = "{a.work}/in/docs.jsonl"\nfields = {{ id = "id", text = "text" }}\n'
                f'[[stage]]\nuse = "dedup_substring"\nmin_bytes = {L}\nkeep = "none"\nsnap = "char"\nmemory = "{a.memory}"\n[[sink]]\nuse = "jsonl"\n')
    run = subprocess.Popen([a.binary, "run", a.work + "/p.toml", "--quiet", "--threads", "1"])
    _, status, used = os.wait4(run.pid, 0)
    if status: sys.exit("dataprep failed")
    marks["dataprep"] = dataprep(); report("dataprep, from file to file", used.ru_utime + used.ru_stime, used.ru_maxrss * 1024, marks["dataprep"])
for name, work in (("divsufsort", divsufsort), ("truth", truth)):
    if name in only:
        marks[name], seconds, peak = measured(work); report(name, seconds, peak, marks[name])
if "truth" in marks:
    for name, marked in marks.items():
        if name != "truth": print(f"{name}: {int((marked & ~marks['truth']).sum())} bytes marked wrongly, {int((~marked & marks['truth']).sum())} missed")
