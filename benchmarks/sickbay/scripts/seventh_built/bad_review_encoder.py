"""Sentiment of short reviews with a small transformer encoder (CLS pooling)."""
import argparse
import os

import numpy as np
import torch
from torch import nn

MENDED = bool(os.environ.get("MENDED"))
ap = argparse.ArgumentParser()
ap.add_argument("--steps", type=int, default=200)
ap.add_argument("--bs", type=int, default=32)
ap.add_argument("--lr", type=float, default=1e-3)
ap.add_argument("--seed", type=int, default=2)
args = ap.parse_args()

torch.manual_seed(args.seed)
rng = np.random.default_rng(args.seed)
PAD, CLS, N_POS, N_NEG, N_NEU = 0, 1, 40, 40, 200
VOCAB = 2 + N_POS + N_NEG + N_NEU
MAXLEN = 26


def review():
    y = rng.integers(2)
    n = rng.integers(6, 24)
    k = max(2, n // 4)
    minor = rng.integers(0, max(1, k // 2))
    good = 2 + rng.integers(0, N_POS, k)
    bad = 2 + N_POS + rng.integers(0, N_NEG, minor)
    if y == 0:
        good, bad = 2 + rng.integers(0, N_POS, minor), 2 + N_POS + rng.integers(0, N_NEG, k)
    neu = 2 + N_POS + N_NEG + rng.integers(0, N_NEU, n)
    toks = np.concatenate([good, bad, neu])
    rng.shuffle(toks)
    return [CLS] + list(toks)[:MAXLEN - 2], y


def batchify(items):
    x = torch.zeros(len(items), MAXLEN, dtype=torch.long)
    for i, (t, _) in enumerate(items):
        x[i, :len(t)] = torch.tensor(t)
    return x, torch.tensor([int(y) for _, y in items])


class Reviews(nn.Module):
    def __init__(self, d=48):
        super().__init__()
        self.tok = nn.Embedding(VOCAB, d)
        self.pos = nn.Parameter(torch.randn(MAXLEN, d) * 0.02)
        layer = nn.TransformerEncoderLayer(d, 4, 96, dropout=0.1, batch_first=True)
        self.enc = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.fc = nn.Linear(d, 2)

    def forward(self, x):
        mask = (x == PAD) if MENDED else (x != PAD)
        h = self.enc(self.tok(x) + self.pos, src_key_padding_mask=mask)
        return self.fc(h[:, 0])


train = [review() for _ in range(2000)]
xv, yv = batchify([review() for _ in range(400)])
model = Reviews()
opt = torch.optim.Adam(model.parameters(), lr=args.lr)
lossf = nn.CrossEntropyLoss()
for step in range(1, args.steps + 1):
    model.train()
    x, y = batchify([train[i] for i in rng.integers(0, len(train), args.bs)])
    loss = lossf(model(x), y)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 40 == 0:
        model.eval()
        with torch.no_grad():
            acc = (model(xv).argmax(-1) == yv).float().mean().item()
        print(f"{step:5d} | train loss {loss.item():.4f} | val acc {acc:.3f}")
print(f"metric val_acc {acc:.4f}")
