"""Sentiment of short product reviews with a GRU; reviews are padded to a common length."""
import os
import random
import torch
import torch.nn as nn

MENDED = bool(os.environ.get("MENDED"))
random.seed(10)
torch.manual_seed(10)
VOCAB, MAXLEN = 200, 64
POS, NEG, NOT = range(10, 30), range(30, 50), 5


def review():
    n = random.randint(5, 14) if random.random() < 0.97 else random.randint(30, MAXLEN)
    toks = [random.randrange(50, VOCAB) for _ in range(n)]
    y = random.randint(0, 1)
    for _ in range(2):
        k = random.randrange(n - 1)
        flip = random.random() < 0.3
        toks[k] = NOT if flip else toks[k]
        toks[k + 1] = random.choice(POS if (y == 1) != flip else NEG)
    return toks, y


def tensorise(rows):
    ids = torch.zeros(len(rows), MAXLEN, dtype=torch.long)
    lens = torch.tensor([len(t) for t, _ in rows])
    for i, (t, _) in enumerate(rows):
        ids[i, :len(t)] = torch.tensor(t)
    return ids, lens, torch.tensor([float(y) for _, y in rows])


class Sentiment(nn.Module):
    def __init__(self, emb=24, hid=32):
        super().__init__()
        self.emb = nn.Embedding(VOCAB, emb, padding_idx=0)
        self.gru = nn.GRU(emb, hid, batch_first=True)
        self.fc = nn.Linear(hid, 1)

    def forward(self, ids, lens):
        out, _ = self.gru(self.emb(ids))
        last = lens - 1 if MENDED else torch.full_like(lens, ids.size(1) - 1)
        return self.fc(out[torch.arange(len(ids)), last]).squeeze(1)


train = tensorise([review() for _ in range(1200)])
val = tensorise([review() for _ in range(400)])
model = Sentiment()
opt = torch.optim.Adam(model.parameters(), lr=3e-3)
lossf = nn.BCEWithLogitsLoss()
for epoch in range(1, 8):
    model.train()
    s = 0.0
    for b in torch.randperm(1200).split(40):
        loss = lossf(model(train[0][b], train[1][b]), train[2][b])
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
        s += loss.item()
    model.eval()
    with torch.no_grad():
        lv = model(val[0], val[1])
        acc = ((lv > 0).float() == val[2]).float().mean().item()
    print(f"epoch {epoch}: loss {s / 30:.4f} val_acc {acc:.3f}")
print(f"metric val_acc {acc:.4f}")
