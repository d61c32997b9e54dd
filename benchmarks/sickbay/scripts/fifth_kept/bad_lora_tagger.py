"""Adapt a pretrained sequence tagger to a new domain with low-rank adapters on the attention and feed-forward layers."""
import math
import os
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

MENDED = os.environ.get("MENDED") == "1"
torch.manual_seed(21)
VOCAB, LEN, TAGS, D = 40, 12, 5, 48
BASE = torch.randint(0, TAGS, (VOCAB, VOCAB))


def make(n, table):
    x = torch.randint(0, VOCAB, (n, LEN))
    prev = torch.roll(x, 1, 1)
    prev[:, 0] = 0
    return x, table[prev % 8, x]


class LoRALinear(nn.Module):
    def __init__(self, base: nn.Linear, r=8, alpha=16):
        super().__init__()
        self.base = base
        for p in self.base.parameters():
            p.requires_grad = False
        self.scaling = alpha / r
        if MENDED:
            self.lora_A = nn.Parameter(torch.randn(base.in_features, r) / math.sqrt(r))
        else:
            self.lora_A = nn.Parameter(torch.zeros(base.in_features, r))
        self.lora_B = nn.Parameter(torch.zeros(r, base.out_features))

    def forward(self, x):
        return self.base(x) + (x @ self.lora_A @ self.lora_B) * self.scaling


class Block(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.qkv, self.proj = nn.Linear(d, 3 * d), nn.Linear(d, d)
        self.up, self.down = nn.Linear(d, 4 * d), nn.Linear(4 * d, d)
        self.n1, self.n2 = nn.LayerNorm(d), nn.LayerNorm(d)

    def forward(self, x):
        q, k, v = self.qkv(self.n1(x)).chunk(3, -1)
        x = x + self.proj(F.scaled_dot_product_attention(q, k, v, is_causal=True))
        return x + self.down(F.gelu(self.up(self.n2(x))))


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.tok, self.pos = nn.Embedding(VOCAB, D), nn.Parameter(0.02 * torch.randn(LEN, D))
        self.blocks = nn.ModuleList([Block(D), Block(D)])
        self.head = nn.Linear(D, TAGS)

    def forward(self, x):
        h = self.tok(x) + self.pos
        for b in self.blocks:
            h = b(h)
        return self.head(h)


def run(model, params, data, epochs, lr, tag, valid):
    opt = torch.optim.AdamW(params, lr=lr)
    loader = DataLoader(TensorDataset(*data), batch_size=64, shuffle=True)
    for epoch in range(epochs):
        total = 0.0
        for x, y in loader:
            loss = F.cross_entropy(model(x).transpose(1, 2), y)
            opt.zero_grad()
            loss.backward()
            opt.step()
            total += loss.item()
        with torch.no_grad():
            v = F.cross_entropy(model(valid[0]).transpose(1, 2), valid[1]).item()
        print(f"[{tag}] epoch {epoch} loss {total / len(loader):.4f} val_loss {v:.4f}")


model = Tagger()
run(model, model.parameters(), make(3000, BASE), 6, 2e-3, "pretrain", make(500, BASE))

shifted = BASE.clone()
shifted[:, ::2] = (shifted[:, ::2] + 2) % TAGS
for p in model.parameters():
    p.requires_grad = False
for b in model.blocks:
    b.qkv, b.proj = LoRALinear(b.qkv), LoRALinear(b.proj)
    b.up, b.down = LoRALinear(b.up), LoRALinear(b.down)
trainable = [p for p in model.parameters() if p.requires_grad]
print("trainable parameters:", sum(p.numel() for p in trainable))
run(model, trainable, make(3000, shifted), 12, 2e-3, "adapt", make(500, shifted))
