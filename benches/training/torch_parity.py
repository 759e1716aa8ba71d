"""Ten training steps of every preset in PyTorch, from our first weights and on our batches: losses side by side.

    cargo build --release --example training_steps
    python benches/training/torch_parity.py target/release/examples/training_steps [PRESET ...]

Needs torch. The model is written here once more, with autograd and torch.optim.AdamW, from the same papers; a loss that differs by more than 1e-4 of itself ends
with exit code 1.
"""

import json
import math
import subprocess
import sys

import torch
import torch.nn.functional as F


class Net(torch.nn.Module):
    def __init__(self, said):
        super().__init__()
        self.c, self.w, at = said["config"], torch.nn.ParameterDict(), 0
        for name, length in said["parameters"]:
            self.w[name.replace(".", "/")] = torch.nn.Parameter(torch.tensor(said["weights"][at : at + length]))
            at += length

    def get(self, name):
        key = name.replace(".", "/")
        return self.w[key] if key in self.w else None

    def linear(self, name, x):
        return F.linear(x, self.get(name + ".weight").view(-1, x.shape[-1]), self.get(name + ".bias"))

    def norm(self, name, x):
        weight, bias = self.get(name + ".weight"), self.get(name + ".bias")
        if self.c["norm"] == "layer":
            return F.layer_norm(x, x.shape[-1:], weight, bias)
        return F.rms_norm(x, x.shape[-1:], weight, 1e-5)

    def table(self, name, width):
        return self.get(name + ".weight").view(-1, width)

    def embed(self, ids, positions, kinds):
        c, width = self.c, self.c["width"]
        x = self.table("embedding", c["embedding"])[ids]
        if c["position"] == "sinusoidal":
            x = x * math.sqrt(width)
        if c["embedding"] != width:
            x = self.linear("embedding.up", x)
        if c["position"] == "learned":
            x = x + self.table("positions", width)[positions]
        if c["position"] == "sinusoidal":
            angles = positions[:, None] * 10000.0 ** (-torch.arange(0, width, 2).double() / width)
            x = x + torch.stack([angles.sin(), angles.cos()], -1).flatten(1).float()
        if c["kinds"]:
            x = x + self.table("kinds", width)[kinds]
        return self.norm("embedding.norm", x) if c["embedding_norm"] else x

    def rotate(self, x, positions):
        half = x.shape[-1] // 2
        angles = positions[:, None] * 10000.0 ** (-torch.arange(half).double() / half)
        cos, sin = angles.cos().float()[:, None], angles.sin().float()[:, None]
        a, b = x[..., :half], x[..., half:]
        return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)

    def distances(self, name, positions, both):
        """T5's bias of scores by bucketed distance, heads x queries x keys."""
        far = positions[None, :] - positions[:, None]
        side, bucket = (16, 16 * (far > 0)) if both else (32, torch.zeros_like(far))
        far = far.abs() if both else (-far).clamp(min=0)
        exact = side // 2
        grown = exact + (torch.log(far.clamp(min=1) / exact) / math.log(128 / exact) * (side - exact)).long()
        bucket = bucket + torch.where(far < exact, far, grown.clamp(max=side - 1))
        return self.get(name + ".distances").view(-1, 32)[:, bucket]

    def attend(self, name, x, seen, positions, mask, bias):
        c, n = self.c, x.shape[0]
        head = c["width"] // c["heads"]
        q = self.linear(name + ".q", x).view(n, -1, head)
        k, v = self.linear(name + ".kv", seen).view(len(seen), 2, -1, head).unbind(1)
        if positions is not None and c["position"] == "rotary":
            q, k = self.rotate(q, positions), self.rotate(k, positions)
        group = c["heads"] // c["kv_heads"]
        k, v = k.repeat_interleave(group, 1), v.repeat_interleave(group, 1)
        scores = torch.einsum("qhd,khd->hqk", q, k) / math.sqrt(head)
        scores = (scores if bias is None else scores + bias).masked_fill(~mask, -math.inf)
        return self.linear(name + ".out", torch.einsum("hqk,khd->qhd", scores.softmax(-1), v).reshape(n, -1))

    def feed(self, name, x):
        x = self.linear(name + ".up", x)
        if self.c["activation"] == "swi_glu":
            gate, up = x.chunk(2, -1)
            x = F.silu(gate) * up
        else:
            x = F.relu(x) if self.c["activation"] == "relu" else F.gelu(x, approximate="tanh")
        return self.linear(name + ".down", x)

    def stack(self, name, x, positions, prefix, context=None, both=False):
        n = len(x)
        mask = torch.ones(n, n).tril().bool() | (torch.arange(n)[None, :] < prefix)
        bias = self.distances(name, positions, both) if self.c["position"] == "relative" else None
        for layer in range(self.c["layers"]):
            at = f"{name}.{0 if self.c['shared'] else layer}"
            parts = [(at + ".attention", lambda p, x: self.attend(p, x, x, positions, mask, bias))]
            if context is not None:
                across = torch.ones(n, len(context)).bool()
                parts.append((at + ".cross", lambda p, x: self.attend(p, x, context, None, across, None)))
            parts.append((at + ".mlp", self.feed))
            for part, branch in parts:
                if self.c["placement"] == "pre":
                    x = x + branch(part, self.norm(part + ".norm", x))
                else:
                    x = self.norm(part + ".norm", x + branch(part, x))
        return self.norm(name + ".norm", x) if self.c["placement"] == "pre" else x

    def loss(self, samples):
        """Mean over the targets of a step plus mean over its answers."""
        nats, answers = [], []
        for s in samples:
            outputs = [None] * len(s["inputs"])
            ids, positions, kinds = (torch.tensor(s[key]) for key in ["inputs", "positions", "kinds"])
            for segment in s["segments"]:
                start, end = segment["places"]["start"], segment["places"]["end"]
                context, first, prefix = None, start, segment["prefix"]
                here = positions[start:end]
                if self.c["encoder"]:
                    first, prefix = start + prefix, 0
                    source = self.embed(ids[start:first], positions[start:first], kinds[start:first])
                    context = self.stack("encoder", source, positions[start:first], first - start, both=True)
                    here = torch.arange(end - first)
                    if first == end:
                        continue
                x = self.embed(ids[first:end], here, kinds[first:end])
                x = self.stack("layers", x, here, prefix, context, both=not self.c["encoder"])
                outputs[first:end] = list(x)
            places = [i for i, target in enumerate(s["targets"]) if target is not None]
            if places:
                x = torch.stack([outputs[i] for i in places])
                if self.c["transform"]:
                    x = self.norm("transform.norm", F.gelu(self.linear("transform", x), approximate="tanh"))
                head = self.table("embedding" if self.c["tied"] else "head", self.c["embedding"])
                nats.append(F.cross_entropy(x @ head.T, torch.tensor([s["targets"][i] for i in places]), reduction="none"))
            if s["questions"]:
                scores = self.linear("classes", torch.stack([outputs[i] for i in s["questions"]]))
                answers.append(F.cross_entropy(scores.view(len(s["answers"]), -1), torch.tensor(s["answers"]), reduction="none"))
        return sum(torch.cat(found).mean() for found in [nats, answers] if found)


def steps(said):
    net, optim = Net(said), said["optim"]
    decays = [p for name, p in net.w.items() if name.endswith("weight") and "norm" not in name]
    stays = [p for name, p in net.w.items() if not (name.endswith("weight") and "norm" not in name)]
    groups = [{"params": decays, "weight_decay": optim["weight_decay"]}, {"params": stays, "weight_decay": 0.0}]
    adam = torch.optim.AdamW(groups, betas=(optim["beta1"], optim["beta2"]), eps=1e-8)
    for samples, rate in zip(said["batches"], said["rates"]):
        loss = net.loss(samples)
        adam.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), optim["clip"])
        for group in adam.param_groups:
            group["lr"] = rate
        adam.step()
        yield loss.item()


def main():
    torch.set_num_threads(1)
    presets = sys.argv[2:] or ["gpt", "llama", "bert", "roberta", "albert", "t5", "glm", "transformer"]
    worst = 0.0
    for preset in presets:
        said = json.loads(subprocess.run([sys.argv[1], preset], capture_output=True, check=True).stdout)
        losses = list(steps(said))
        apart = max(abs(ours / theirs - 1) for ours, theirs in zip(said["losses"], losses))
        worst = max(worst, apart)
        print(f"{preset:12} farthest apart {apart:.1e}  torch: {', '.join(f'{loss:.6f}' for loss in losses)}")
    return worst >= 1e-4


if __name__ == "__main__":
    sys.exit(main())
