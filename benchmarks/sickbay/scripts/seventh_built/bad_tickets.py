"""Routing of support tickets to one of six teams (bag-of-embeddings)."""
import os
from collections import Counter

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import Dataset, DataLoader

MENDED = bool(os.environ.get("MENDED"))
torch.manual_seed(44)
rng = np.random.default_rng(44)

LEXICON = ["".join(rng.choice(list("abcdefghiklmnoprstuv"), rng.integers(4, 9))) for _ in range(500)]
TOPIC = {k: list(rng.choice(500, 40, replace=False)) for k in range(6)}
zipf = 1.0 / np.arange(1, 501) ** 0.6
zipf /= zipf.sum()


def tickets(n):
    texts, labels = [], []
    for _ in range(n):
        k = int(rng.integers(6))
        body = [LEXICON[i] for i in rng.choice(500, rng.integers(8, 20), p=zipf)]
        body += [LEXICON[i] for i in rng.choice(TOPIC[k], rng.integers(4, 9))]
        rng.shuffle(body)
        texts.append(" ".join(body))
        labels.append(k)
    return texts, labels


class TicketSet(Dataset):
    def __init__(self, texts, labels, vocab=None):
        self.texts, self.labels = texts, labels
        if vocab is None:
            freq = Counter(w for t in texts for w in t.split())
            vocab = {w: i + 2 for i, (w, _) in enumerate(freq.most_common())}
        self.vocab = vocab

    def __len__(self):
        return len(self.texts)

    def __getitem__(self, i):
        ids = [self.vocab.get(w, 1) for w in self.texts[i].split()]
        return torch.tensor((ids + [0] * 30)[:30]), self.labels[i]


class Router(nn.Module):
    def __init__(self, size, d=32):
        super().__init__()
        self.emb = nn.Embedding(size, d, padding_idx=0)
        self.mlp = nn.Sequential(nn.Linear(d, 64), nn.ReLU(), nn.Dropout(0.2), nn.Linear(64, 6))

    def forward(self, x):
        n = (x > 0).sum(1, keepdim=True)
        return self.mlp(self.emb(x).sum(1) / n)


def run(model, loader, opt=None):
    model.train(opt is not None)
    crit, tot, hit, n = nn.CrossEntropyLoss(), 0.0, 0, 0
    for x, y in loader:
        with torch.set_grad_enabled(opt is not None):
            out = model(x)
            loss = crit(out, y)
        if opt is not None:
            opt.zero_grad()
            loss.backward()
            opt.step()
        tot += loss.item() * len(y)
        hit += (out.argmax(1) == y).sum().item()
        n += len(y)
    return tot / n, hit / n


train_set = TicketSet(*tickets(2500))
val_set = TicketSet(*tickets(600), vocab=train_set.vocab if MENDED else None)
model = Router(520)
opt = torch.optim.Adam(model.parameters(), lr=5e-3)
train_dl, val_dl = DataLoader(train_set, 50, shuffle=True), DataLoader(val_set, 100)
for ep in range(10):
    tl, ta = run(model, train_dl, opt)
    vl, va = run(model, val_dl)
    print(f"epoch {ep + 1}: train loss {tl:.3f} acc {ta:.3f} | val loss {vl:.3f} acc {va:.3f}")
print(f"metric val_acc {va:.4f}")
