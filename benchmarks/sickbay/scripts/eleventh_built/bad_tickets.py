"""Route support tickets to four teams. Bag of embeddings, own little tokenizer."""
import os
import random
import torch
import torch.nn as nn

MENDED = bool(os.environ.get("MENDED"))
random.seed(21); torch.manual_seed(21)

TEAMS = ["billing", "network", "login", "shipping"]
COMMON = [f"word{i}" for i in range(120)]
TOPIC = {t: [f"{t}_{i}" for i in range(15)] for t in TEAMS}


def ticket():
    t = random.choice(TEAMS)
    words = random.choices(COMMON, k=random.randint(6, 14)) + random.choices(TOPIC[t], k=3)
    random.shuffle(words)
    return " ".join(words), TEAMS.index(t)


class Corpus:
    def __init__(self, rows, word2idx=None):
        self.rows = rows
        self.word2idx = word2idx or self.build()

    def build(self):
        w2i = {"<unk>": 0}
        for text, _ in self.rows:
            for w in text.split():
                w2i.setdefault(w, len(w2i))
        return w2i

    def batches(self, size, shuffle=False):
        rows = list(self.rows)
        if shuffle:
            random.shuffle(rows)
        for i in range(0, len(rows), size):
            part = rows[i:i + size]
            toks = [[self.word2idx.get(w, 0) for w in t.split()] for t, _ in part]
            offsets = torch.tensor([0] + [len(t) for t in toks[:-1]]).cumsum(0)
            yield torch.tensor(sum(toks, [])), offsets, torch.tensor([y for _, y in part])


train_set = Corpus([ticket() for _ in range(1600)])
val_set = Corpus([ticket() for _ in range(400)], train_set.word2idx if MENDED else None)


class Router(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.bag = nn.EmbeddingBag(size, 32, mode="mean")
        self.fc = nn.Linear(32, len(TEAMS))

    def forward(self, ids, off):
        return self.fc(self.bag(ids, off))


model = Router(max(len(train_set.word2idx), len(val_set.word2idx)))
opt = torch.optim.Adam(model.parameters(), lr=1e-2)
for epoch in range(10):
    model.train(); tot = n = 0
    for ids, off, y in train_set.batches(32, True):
        loss = nn.functional.cross_entropy(model(ids, off), y)
        opt.zero_grad(); loss.backward(); opt.step()
        tot += loss.item(); n += 1
    model.eval(); good = 0
    with torch.no_grad():
        for ids, off, y in val_set.batches(100):
            good += (model(ids, off).argmax(1) == y).sum().item()
    print(f"epoch {epoch} train loss {tot / n:.4f} val acc {good / 400:.3f}")
print("metric val_acc", good / 400)
