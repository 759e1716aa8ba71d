"""A GPT of nanoGPT's make in one file, trained on token shards: packed rows, attention inside documents, a checkpoint that any number of processes goes on from.

    python examples/nanogpt.py out/web/shards --seq-len 256 --steps 1000 --out out/gpt
    torchrun --nproc-per-node 8 examples/nanogpt.py out/web/shards --seq-len 1024 --batch 12 --layers 12 --heads 12 --width 768
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import torch
from dataprep.torch import PackedDataset
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader


class Block(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.attention_norm, self.feed_norm = nn.LayerNorm(width, bias=False), nn.LayerNorm(width, bias=False)
        self.attend, self.project = nn.Linear(width, 3 * width, bias=False), nn.Linear(width, width, bias=False)
        self.feed = nn.Sequential(nn.Linear(width, 4 * width, bias=False), nn.GELU(), nn.Linear(4 * width, width, bias=False))

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        rows, places, width = x.shape
        q, k, v = (part.view(rows, places, self.heads, -1).transpose(1, 2) for part in self.attend(self.attention_norm(x)).chunk(3, dim=2))
        seen = F.scaled_dot_product_attention(q, k, v, attn_mask=mask).transpose(1, 2).reshape(rows, places, width)
        x = x + self.project(seen)
        return x + self.feed(self.feed_norm(x))


class GPT(nn.Module):
    def __init__(self, vocab_size: int, seq_len: int, layers: int, heads: int, width: int) -> None:
        super().__init__()
        self.tokens, self.places = nn.Embedding(vocab_size, width), nn.Embedding(seq_len, width)
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(layers))
        self.norm = nn.LayerNorm(width, bias=False)
        for weight in self.parameters():
            if weight.dim() == 2:
                nn.init.normal_(weight, std=0.02)

    def forward(self, batch: dict[str, Tensor]) -> Tensor:
        """The loss. Each document sees itself alone, and its places are counted from its own beginning."""
        documents = batch["document_ids"]
        places = torch.arange(documents.shape[1], device=documents.device)
        mask = ((documents[:, None, :, None] == documents[:, None, None, :]) & (places[:, None] >= places)).contiguous()
        x = self.tokens(batch["input_ids"]) + self.places(batch["position_ids"])
        for block in self.blocks:
            x = block(x, mask)
        logits = F.linear(self.norm(x), self.tokens.weight)
        return F.cross_entropy(logits.flatten(0, 1), batch["labels"].flatten(), ignore_index=-100)


def main() -> list[float]:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shards")
    parser.add_argument("--out", type=Path, default=Path("out/gpt"))
    for name, default in [("seq-len", 256), ("batch", 12), ("layers", 4), ("heads", 4), ("width", 128), ("steps", 500), ("save-every", 100), ("workers", 2)]:
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    given = parser.parse_args()

    if "RANK" in os.environ:
        torch.distributed.init_process_group()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.manual_seed(0)
    dataset = PackedDataset(given.shards, given.seq_len)
    batches = dataset.batches(given.batch, endless=True)
    model = GPT(dataset.vocab_size, given.seq_len, given.layers, given.heads, given.width).to(device)
    trained = nn.parallel.DistributedDataParallel(model) if torch.distributed.is_initialized() else model
    optimizer = torch.optim.AdamW(model.parameters(), lr=given.learning_rate, weight_decay=0.1, betas=(0.9, 0.95))

    first, checkpoint = 0, given.out / "checkpoint.pt"
    if checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=True)
        model.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        batches.load_state_dict(saved["data"])
        first = saved["step"]

    losses = []
    loader = iter(DataLoader(batches, batch_size=None, num_workers=given.workers, pin_memory=device == "cuda"))
    for step in range(first, given.steps):
        batch = next(loader)
        loss = trained({name: value.to(device, non_blocking=True) for name, value in batch.items() if torch.is_tensor(value)})
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
        if (step + 1) % given.save_every == 0 or step + 1 == given.steps:
            print(f"step {step + 1}: loss {losses[-1]:.4f}", flush=True)
            if batches.rank == 0:
                given.out.mkdir(parents=True, exist_ok=True)
                state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "data": batches.state_dict(batch), "step": step + 1}
                torch.save(state, checkpoint)
    return losses


if __name__ == "__main__":
    main()
