"""Tokens a second of training the GPT of examples/training_speed.rs in PyTorch: fused attention and cross-entropy, AdamW.

    python benches/training/torch_speed.py THREADS STEPS
"""

import sys
import time

import torch
import torch.nn.functional as F

WIDTH, LAYERS, HEADS, CONTEXT, BATCH, VOCABULARY = 128, 4, 4, 256, 8, 4096


class Block(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.norm1, self.norm2 = torch.nn.LayerNorm(WIDTH), torch.nn.LayerNorm(WIDTH)
        self.qkv, self.out = torch.nn.Linear(WIDTH, 3 * WIDTH), torch.nn.Linear(WIDTH, WIDTH)
        self.up, self.down = torch.nn.Linear(WIDTH, 4 * WIDTH), torch.nn.Linear(4 * WIDTH, WIDTH)

    def forward(self, x):
        q, k, v = self.qkv(self.norm1(x)).view(BATCH, CONTEXT, 3, HEADS, -1).permute(2, 0, 3, 1, 4)
        attended = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(attended.transpose(1, 2).reshape(BATCH, CONTEXT, WIDTH))
        return x + self.down(F.gelu(self.up(self.norm2(x)), approximate="tanh"))


def main():
    threads, steps = int(sys.argv[1]), int(sys.argv[2])
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    embedding, positions = torch.nn.Embedding(VOCABULARY, WIDTH), torch.nn.Embedding(CONTEXT, WIDTH)
    blocks = torch.nn.Sequential(*[Block() for _ in range(LAYERS)], torch.nn.LayerNorm(WIDTH))
    head = torch.nn.Linear(WIDTH, VOCABULARY, bias=False)
    parts = torch.nn.ModuleList([embedding, positions, blocks, head])
    adam = torch.optim.AdamW(parts.parameters(), lr=1e-3, fused=True)

    def step():
        ids = torch.randint(0, 64, (BATCH, CONTEXT + 1))
        logits = head(blocks(embedding(ids[:, :-1]) + positions.weight))
        loss = F.cross_entropy(logits.view(-1, VOCABULARY), ids[:, 1:].reshape(-1))
        adam.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parts.parameters(), 1.0)
        adam.step()
        return loss

    step()
    began = time.perf_counter()
    for _ in range(steps):
        loss = step()
    rate = steps * BATCH * CONTEXT / (time.perf_counter() - began)
    print(f"{sum(p.numel() for p in parts.parameters())} weights, {threads} threads: {rate:.0f} tokens/s, loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
