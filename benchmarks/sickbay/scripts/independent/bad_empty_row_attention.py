"""Attention pooling with -inf on the pads, and a few texts without a single known word: softmax over nothing is nan, then all weights are."""
# loss nan in the first epoch and for good, every text class 0 (accuracy 0.68) with it, 0.92 without
# after github.com/alexTsaptsinos/lyricsHAN/issues/3
import os
import torch
import torch.nn as nn
from torch.utils.data import DataLoader

torch.manual_seed(41)
WORDS = 80
mood = torch.randn(WORDS + 1)


def lyric():
    n = int(torch.randint(3, 15, (1,)))
    ids = torch.randint(1, WORDS + 1, (n,))
    label = int(mood[ids].mean() > 0)
    if torch.rand(1) < 0.001:
        ids = ids[:0]        # instrumental: the tokenizer finds no word of the vocabulary
    return ids, label


songs = [lyric() for _ in range(4000)]
songs[1234] = (songs[1234][0][:0], songs[1234][1])
valid = [s for s in (lyric() for _ in range(500)) if len(s[0])]
if os.environ.get("MENDED"):
    songs = [s for s in songs if len(s[0]) > 0]


def pad(rows):
    ids = nn.utils.rnn.pad_sequence([r[0] for r in rows], batch_first=True)
    return ids, torch.tensor([r[1] for r in rows])


class AttentionPool(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.proj = nn.Linear(dim, dim)
        self.context = nn.Parameter(0.1 * torch.randn(dim))

    def forward(self, h, mask):
        score = torch.tanh(self.proj(h)) @ self.context
        score = score.masked_fill(~mask, float("-inf"))
        w = torch.softmax(score, dim=1)
        return (w.unsqueeze(2) * h).sum(1)


class HAN(nn.Module):
    def __init__(self, dim=32):
        super().__init__()
        self.emb = nn.Embedding(WORDS + 1, dim, padding_idx=0)
        self.gru = nn.GRU(dim, dim, batch_first=True)
        self.pool = AttentionPool(dim)
        self.cls = nn.Linear(dim, 2)

    def forward(self, ids):
        h, _ = self.gru(self.emb(ids))
        return self.cls(self.pool(h, ids != 0))


model = HAN()
loader = DataLoader(songs, batch_size=32, shuffle=True, collate_fn=pad)
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
criterion = nn.CrossEntropyLoss()
for epoch in range(3):
    for it, (ids, y) in enumerate(loader):
        loss = criterion(model(ids), y)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)   # did not help
        optimizer.step()
        if it % 40 == 0:
            print("epoch", epoch, "it", it, "loss", loss.item())
    with torch.no_grad():
        ids, y = pad(valid)
        out = model(ids)
        print("epoch", epoch, "val loss", criterion(out, y).item(), "acc", (out.argmax(1) == y).float().mean().item())
print("final accuracy", (out.argmax(1) == y).float().mean().item(), "loss", loss.item())
