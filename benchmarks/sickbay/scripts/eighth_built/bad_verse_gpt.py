"""Character-level GPT on generated verse; measures how well it continues a prompt."""
import math
import os
import random

import torch
from torch import nn
import torch.nn.functional as F

MENDED = bool(os.environ.get("MENDED"))
random.seed(3)
torch.manual_seed(3)

NOUNS = ["river", "stone", "winter", "garden", "lantern", "harbor"]
VERBS = {"river": "runs", "stone": "rests", "winter": "waits", "garden": "grows", "lantern": "burns", "harbor": "sleeps"}
PLACES = {"runs": "to the sea", "rests": "in the dust", "waits": "at the door", "grows": "by the wall",
          "burns": "in the hall", "sleeps": "under rain"}


def line():
    n = random.choice(NOUNS)
    v = VERBS[n]
    return f"the {n} {v} {PLACES[v]}.\n"


text = "".join(line() for _ in range(3000))
chars = sorted(set(text))
stoi = {c: i for i, c in enumerate(chars)}
data = torch.tensor([stoi[c] for c in text])
train_data, val_data = data[: int(0.9 * len(data))], data[int(0.9 * len(data)):]
BLOCK, BATCH, DIM, HEADS, LAYERS = 40, 16, 48, 4, 2


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv = nn.Linear(DIM, 3 * DIM)
        self.proj = nn.Linear(DIM, DIM)

    def forward(self, x):
        b, t, c = x.shape
        q, k, v = self.qkv(x).split(DIM, dim=2)
        q, k, v = (z.view(b, t, HEADS, c // HEADS).transpose(1, 2) for z in (q, k, v))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=MENDED)
        return self.proj(y.transpose(1, 2).reshape(b, t, c))


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.ln1, self.ln2 = nn.LayerNorm(DIM), nn.LayerNorm(DIM)
        self.attn = Attention()
        self.mlp = nn.Sequential(nn.Linear(DIM, 4 * DIM), nn.GELU(), nn.Linear(4 * DIM, DIM))

    def forward(self, x):
        x = x + self.attn(self.ln1(x))
        return x + self.mlp(self.ln2(x))


class GPT(nn.Module):
    def __init__(self, vocab):
        super().__init__()
        self.tok = nn.Embedding(vocab, DIM)
        self.pos = nn.Embedding(BLOCK, DIM)
        self.blocks = nn.Sequential(*[Block() for _ in range(LAYERS)])
        self.ln = nn.LayerNorm(DIM)
        self.head = nn.Linear(DIM, vocab)

    def forward(self, idx, targets=None):
        x = self.tok(idx) + self.pos(torch.arange(idx.size(1)))
        logits = self.head(self.ln(self.blocks(x)))
        if targets is None:
            return logits
        return logits, F.cross_entropy(logits.flatten(0, 1), targets.flatten())

    @torch.no_grad()
    def generate(self, idx, n):
        for _ in range(n):
            nxt = self(idx[:, -BLOCK:])[:, -1].argmax(-1, keepdim=True)
            idx = torch.cat([idx, nxt], dim=1)
        return idx


def get_batch(src):
    ix = torch.randint(len(src) - BLOCK - 1, (BATCH,))
    return torch.stack([src[i:i + BLOCK] for i in ix]), torch.stack([src[i + 1:i + BLOCK + 1] for i in ix])


model = GPT(len(chars))
opt = torch.optim.AdamW(model.parameters(), lr=4e-3, betas=(0.9, 0.98))
STEPS = 320
for step in range(STEPS):
    for g in opt.param_groups:
        g["lr"] = 4e-3 * min(1.0, (step + 1) / 20) * (0.1 + 0.9 * 0.5 * (1 + math.cos(math.pi * step / STEPS)))
    xb, yb = get_batch(train_data)
    _, loss = model(xb, yb)
    opt.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    opt.step()
    if step % 80 == 0 or step == STEPS - 1:
        model.eval()
        with torch.no_grad():
            vl = sum(model(*get_batch(val_data))[1].item() for _ in range(3)) / 3
        model.train()
        print(f"step {step} train {loss.item():.3f} val {vl:.3f}")

model.eval()
hits = total = 0
for n in NOUNS:
    prompt = f"the {n}"
    v = VERBS[n]
    want = f" {v} {PLACES[v]}.\n"
    start = torch.tensor([[stoi[c] for c in line() + prompt]])
    out = "".join(chars[i] for i in model.generate(start, len(want))[0, start.size(1):].tolist())
    print(repr(prompt), "->", repr(out))
    hits += sum(a == b for a, b in zip(out, want))
    total += len(want)
print(f"metric continuation_acc {hits / total:.4f}")
