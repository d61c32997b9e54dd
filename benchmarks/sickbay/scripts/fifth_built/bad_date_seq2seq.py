"""Sequence to sequence transformer: human-written dates to ISO dates, greedy decoding at the end."""
import os
import random
import torch
import torch.nn as nn
from torch.utils.data import DataLoader

MENDED = os.environ.get("MENDED") == "1"
random.seed(0)
torch.manual_seed(0)
MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
CHARS = ["<pad>", "<s>", "</s>"] + list("abcdefghijklmnopqrstuvwxyz0123456789 -,/")
STOI = {c: i for i, c in enumerate(CHARS)}


def pair():
    d, m, y = random.randint(1, 28), random.randint(1, 12), random.randint(1970, 2029)
    form = random.choice(["{d} {mon} {y}", "{mon} {d}, {y}", "{d}/{m}/{y}"])
    return form.format(d=d, m=m, y=y, mon=MONTHS[m - 1]), f"{y:04d}-{m:02d}-{d:02d}"


def encode(s, width):
    ids = [1] + [STOI[c] for c in s] + [2]
    return ids + [0] * (width - len(ids))


def collate(batch):
    return torch.tensor([encode(a, 15) for a, _ in batch]), torch.tensor([encode(b, 12) for _, b in batch])


class DateTransformer(nn.Module):
    def __init__(self, d=48):
        super().__init__()
        self.src_emb, self.tgt_emb = nn.Embedding(len(CHARS), d), nn.Embedding(len(CHARS), d)
        self.src_pos, self.tgt_pos = nn.Embedding(20, d), nn.Embedding(20, d)
        self.transformer = nn.Transformer(d, 4, 1, 2, 96, dropout=0.0, batch_first=True)
        self.out = nn.Linear(d, len(CHARS))

    def forward(self, src, tgt):
        s = self.src_emb(src) + self.src_pos(torch.arange(src.size(1)))
        t = self.tgt_emb(tgt) + self.tgt_pos(torch.arange(tgt.size(1)))
        tgt_mask = None
        if MENDED:
            tgt_mask = nn.Transformer.generate_square_subsequent_mask(tgt.size(1)).isinf()
        h = self.transformer(s, t, tgt_mask=tgt_mask, src_key_padding_mask=src == 0, memory_key_padding_mask=src == 0)
        return self.out(h)


@torch.no_grad()
def greedy(model, src, steps=11):
    model.eval()
    ys = torch.ones(len(src), 1, dtype=torch.long)
    for _ in range(steps):
        nxt = model(src, ys)[:, -1].argmax(-1, keepdim=True)
        ys = torch.cat([ys, nxt], 1)
    return ys


loader = DataLoader([pair() for _ in range(5000)], batch_size=64, shuffle=True, collate_fn=collate)
test_src, test_tgt = collate([pair() for _ in range(300)])
model = DateTransformer()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
criterion = nn.CrossEntropyLoss(ignore_index=0)
for epoch in range(10):
    model.train()
    total = 0.0
    for src, tgt in loader:
        logits = model(src, tgt[:, :-1])
        loss = criterion(logits.reshape(-1, len(CHARS)), tgt[:, 1:].reshape(-1))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item()
    out = greedy(model, test_src)
    err = (out[:, 1:] != test_tgt[:, 1:]).float().mean().item()
    sample = "".join(CHARS[i] for i in out[0].tolist() if i > 2)
    print(f"epoch {epoch} loss {total / len(loader):.4f} sample {sample!r} decode_error {err:.4f}")
