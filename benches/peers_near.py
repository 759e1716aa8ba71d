#!/usr/bin/env python3
"""Near-duplicates, beside peers: CPU seconds, text MB/s, recall of planted pairs, and whether clusters are those of datatrove.

usage: peers_near.py DOCS.jsonl WORK [--truth PAIRS.jsonl] [--binary target/release/dataprep] [--only dataprep,datatrove,datasketch] [--mb 100]
DOCS.jsonl holds {id, text}; PAIRS.jsonl holds {id, of, jaccard5} for planted pairs. All at 5 words a shingle, 14 bands of 8 rows, one process.
Needs datatrove[processing] (with xxhash below 4) and datasketch for these two."""
import argparse, collections, glob, json, os, re, resource, shutil, subprocess, sys

p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
p.add_argument("docs"); p.add_argument("work"); p.add_argument("--truth"); p.add_argument("--binary", default="target/release/dataprep")
p.add_argument("--only", default="dataprep,datatrove,datasketch"); p.add_argument("--mb", type=float, default=1e9)
a = p.parse_args()
shutil.rmtree(a.work, ignore_errors=True); os.makedirs(a.work + "/in")


def cpu():
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


docs, size = [], 0
with open(a.docs, encoding="utf8") as lines, open(a.work + "/in/docs.jsonl", "w", encoding="utf8") as out:
    for line in lines:
        d = json.loads(line); docs.append((d["id"], d["text"])); size += len(d["text"].encode())
        out.write(json.dumps({"id": d["id"], "text": d["text"]}, ensure_ascii=False) + "\n")
        if size > a.mb * 1e6: break
pairs = []
if a.truth:
    have = {i for i, _ in docs}
    pairs = [r for r in map(json.loads, open(a.truth)) if r.get("kind") != "passage" and r["id"] in have and r["of"] in have]


def report(name, seconds, clusters, more=""):
    hit, all_ = collections.Counter(), collections.Counter()
    for r in pairs:
        b = min(int(r["jaccard5"] * 10), 10) / 10
        all_[b] += 1; x = clusters.get(r["id"]); hit[b] += x is not None and x == clusters.get(r["of"])
    recall = ", ".join(f"{b} {hit[b]}/{all_[b]}" for b in sorted(all_, reverse=True))
    print(f"{name}: {size / 1e6 / seconds:.2f} MB/s, {len(docs) / seconds:.0f} documents/s, cpu {seconds:.2f} s{more}" + (f"; pairs in one cluster by Jaccard: {recall}" if recall else ""), flush=True)


def groups(clusters):
    """Clusters as sets of ids, of two members and more."""
    by = collections.defaultdict(set)
    for i, c in clusters.items(): by[c].add(i)
    return {frozenset(s) for s in by.values() if len(s) > 1}


def dataprep(name, keys):
    out = f"{a.work}/{name}"
    toml = f'[run]\noutput = "{out}"\n[source]\nuse = "jsonl"\npath = "{a.work}/in/docs.jsonl"\n[[stage]]\nuse = "dedup_minhash"\n{keys}\n[[sink]]\nuse = "jsonl"\n'
    open(a.work + "/p.toml", "w").write(toml)
    before = cpu(); subprocess.run([a.binary, "run", a.work + "/p.toml", "--quiet", "--threads", "1"], check=True); seconds = cpu() - before
    shown = subprocess.run([a.binary, "clusters", out, "--json", "-n", "1000000000", "-m", "1000000000"], check=True, capture_output=True, text=True)
    clusters = {m["id"]: g["cluster"] for g in map(json.loads, shown.stdout.splitlines()) for m in g["members"]}
    counts = json.load(open(out + "/report.json"))["stages"][0]
    report(name, seconds, clusters, f", {counts['documents_out']} kept, {counts['counts']}")
    return groups(clusters)


def datatrove():
    from datatrove.executor.local import LocalPipelineExecutor as Executor
    from datatrove.pipeline.dedup import MinhashDedupBuckets, MinhashDedupCluster, MinhashDedupFilter, MinhashDedupSignature
    from datatrove.pipeline.dedup.minhash import MinhashConfig
    from datatrove.pipeline.readers import JsonlReader
    from datatrove.pipeline.writers.jsonl import JsonlWriter
    w, config, before = a.work + "/datatrove", MinhashConfig(), cpu()
    run = lambda step, *pipe, tasks=1: Executor(list(pipe), tasks=tasks, workers=1, logging_dir=f"{w}/log{step}").run()
    run(1, JsonlReader(a.work + "/in"), MinhashDedupSignature(output_folder=w + "/sig", config=config))
    run(2, MinhashDedupBuckets(input_folder=w + "/sig", output_folder=w + "/buckets", config=config), tasks=14)
    run(3, MinhashDedupCluster(input_folder=w + "/buckets", output_folder=w + "/rm", config=config, save_cluster_id=True, save_cluster_size=True))
    run(4, JsonlReader(a.work + "/in"), MinhashDedupFilter(input_folder=w + "/rm", exclusion_writer=JsonlWriter(w + "/removed", compression=None), load_cluster_ids=True), JsonlWriter(w + "/kept", compression=None))
    seconds, clusters = cpu() - before, {}
    for f in glob.glob(w + "/kept/*") + glob.glob(w + "/removed/*"):
        for d in map(json.loads, open(f)):
            c = d["metadata"].get("minhash_cluster_id", -1)
            if c not in (None, -1): clusters[d["id"]] = c
    report("datatrove", seconds, clusters)
    return groups(clusters)


def datasketch():
    import datasketch as ds
    words, before = re.compile(r"\w+"), cpu()
    lsh, parent = ds.MinHashLSH(num_perm=112, params=(14, 8)), {}
    def find(x):
        while parent.setdefault(x, x) != x: x = parent[x]
        return x
    for i, text in docs:
        w = words.findall(text.lower()); m = ds.MinHash(num_perm=112)
        m.update_batch([" ".join(w[k:k + 5]).encode() for k in range(max(len(w) - 4, 1))])
        for other in lsh.query(m): parent[find(i)] = find(other)
        lsh.insert(i, m)
    report("datasketch", cpu() - before, {i: find(i) for i in list(parent)})


only = a.only.split(",")
if "dataprep" in only: dataprep("dataprep", "")
if "datatrove" in only:
    theirs = datatrove()
    if "dataprep" in only:
        ours = dataprep("dataprep, profile datatrove", 'profile = "datatrove"')
        print(f"clusters: {len(ours)} of ours, {len(theirs)} of datatrove's, {len(ours & theirs)} the same")
        if ours != theirs: sys.exit("the clusters differ")
if "datasketch" in only: datasketch()
