"""Says how good a model is: report.py SCORES NAME,NAME,... THRESHOLD,THRESHOLD,... where SCORES is what `training_categories score` prints.

Of the texts without a label every second one is left out of all tables: thresholds were chosen on these (`report.py SCORES NAMES choose SHARE` prints the
least threshold, in hundredths, that no more than SHARE of them reach). For each label the area under the ROC curve of each group that has it against all texts known to be without, and precision and recall at the threshold;
then the share of each group without any of the labels that passes a threshold.
"""

import sys
from collections import defaultdict

names = sys.argv[2].split(",")
rows, kept = [], []
for line in open(sys.argv[1], encoding="utf-8"):
    group, said, *scores = line.rstrip("\n").split("\t")
    row = (group, said, [float(score or 0) for score in scores] if scores != [""] else [0.0] * len(names))
    if "1" in said or len(names) == 1:
        rows.append(row)
    else:
        (kept if (len(rows) + len(kept)) % 2 else rows).append(row)

if sys.argv[3] == "choose":
    for at, name in enumerate(names):
        without = sorted(scores[at] for _, said, scores in kept if said[at] == "0")
        print(name, int(without[-1 - int(len(without) * float(sys.argv[4]))] * 100 + 1) / 100)
    sys.exit()
thresholds = [float(t) for t in sys.argv[3].split(",")]


def area(good, bad):
    """The chance that one of `good` scores above one of `bad`."""
    order = sorted([(score, 1) for score in good] + [(score, 0) for score in bad])
    ranks, at = 0.0, 0
    while at < len(order):
        end = at
        while end < len(order) and order[end][0] == order[at][0]:
            end += 1
        ranks += sum(kind for _, kind in order[at:end]) * (at + 1 + end) / 2
        at = end
    return (ranks - len(good) * (len(good) + 1) / 2) / (len(good) * len(bad))


print("| label | group | texts | AUC | recall | precision |\n| --- | --- | ---: | ---: | ---: | ---: |")
for at, (name, threshold) in enumerate(zip(names, thresholds)):
    without = [scores[at] for _, said, scores in rows if said[at] == "0"]
    holding = defaultdict(list)
    for group, said, scores in rows:
        if said[at] == "1":
            holding[group].append(scores[at])
    for group, scores in sorted(holding.items()):
        hits, false = sum(score >= threshold for score in scores), sum(score >= threshold for score in without)
        precision = f"{hits / (hits + false):.3f}" if hits else "-"
        print(f"| {name} | {group} | {len(scores)} | {area(scores, without):.4f} | {hits / len(scores):.3f} | {precision} |")

print("\n| group without | texts | " + " | ".join(names) + " |\n| --- | ---: |" + " ---: |" * len(names))
groups = defaultdict(list)
for group, said, scores in rows:
    if "1" not in said:
        groups[group].append((said, scores))
for group, texts in sorted(groups.items()):
    cells = []
    for at, threshold in enumerate(thresholds):
        known = [scores[at] for said, scores in texts if said[at] == "0"]
        cells.append(f"{sum(score >= threshold for score in known) / len(known):.4f}" if known else "?")
    print(f"| {group} | {len(texts)} | " + " | ".join(cells) + " |")
