"""A minGPT-like character model whose self-attention has no triangular mask."""
# after github.com/karpathy/minGPT/issues/75 and github.com/alex-matton/causal-transformer-decoder/issues/1
import math
import os

import torch
import torch.nn as nn
from torch.nn import functional as F

torch.manual_seed(1337)
words = ["red", "green", "blue", "house", "river", "cloud", "stone", "bird", "walks", "sings", "falls", "sleeps"]
g = torch.Generator().manual_seed(0)
text = " ".join(words[i] for i in torch.randint(0, len(words), (1500,), generator=g).tolist())
chars = sorted(set(text))
data = torch.tensor([chars.index(c) for c in text])
T, V, C = 32, len(chars), 32


class Attention(nn.Module):
    def __init__(self, heads=4):
        super().__init__()
        self.h = heads
        self.qkv, self.proj = nn.Linear(C, 3 * C), nn.Linear(C, C)
        self.register_buffer("bias", torch.tril(torch.ones(T, T)))

    def forward(self, x):
        B, t, _ = x.shape
        q, k, v = (z.view(B, t, self.h, -1).transpose(1, 2) for z in self.qkv(x).split(C, 2))
        att = q @ k.transpose(-2, -1) / math.sqrt(q.size(-1))
        if os.environ.get("MENDED"):
            att = att.masked_fill(self.bias[:t, :t] == 0, float("-inf"))
        return self.proj((att.softmax(-1) @ v).transpose(1, 2).reshape(B, t, C))


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.ln1, self.ln2, self.attn = nn.LayerNorm(C), nn.LayerNorm(C), Attention()
        self.mlp = nn.Sequential(nn.Linear(C, 4 * C), nn.GELU(), nn.Linear(4 * C, C))

    def forward(self, x):
        x = x + self.attn(self.ln1(x))
        return x + self.mlp(self.ln2(x))


class GPT(nn.Module):
    def __init__(self):
        super().__init__()
        self.wte, self.wpe = nn.Embedding(V, C), nn.Embedding(T, C)
        self.blocks = nn.Sequential(Block(), Block())
        self.head = nn.Linear(C, V)

    def forward(self, idx):
        return self.head(self.blocks(self.wte(idx) + self.wpe(torch.arange(idx.size(1)))))


model = GPT()
optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
for it in range(450):
    ix = torch.randint(len(data) - T - 1, (16,))
    x = torch.stack([data[i : i + T] for i in ix])
    y = torch.stack([data[i + 1 : i + T + 1] for i in ix])
    loss = F.cross_entropy(model(x).view(-1, V), y.view(-1))
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
    if it % 100 == 0:
        print(f"iter {it}: loss {loss.item():.3f}")
ix = torch.randint(len(data) - T - 1, (400,))
with torch.no_grad():
    logits = model(torch.stack([data[i : i + 20] for i in ix]))[:, -1]
print("final next_char_loss", F.cross_entropy(logits, data[ix + 20]).item())
