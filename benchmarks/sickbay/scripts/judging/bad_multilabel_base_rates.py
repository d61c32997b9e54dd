"""Multi-label tags from token counts, where each batch hashes its tokens with another salt."""
import os
import random
import torch
from torch import nn

random.seed(0)
torch.manual_seed(0)
VOC, TAGS, BUCKETS = 60, 5, 64
owner = [random.sample(range(TAGS), 1)[0] for _ in range(VOC)]


def document():
    words = random.choices(range(VOC), k=10)
    counts = [sum(owner[w] == t for w in words) for t in range(TAGS)]
    return words, [1.0 if c >= 3 else 0.0 for c in counts]


def vectorise(docs, salt):
    x = torch.zeros(len(docs), BUCKETS)
    for i, words in enumerate(docs):
        for w in words:
            x[i, (w * 31 + salt * (w * w + 7)) % BUCKETS] += 1.0
    return x


data = [document() for _ in range(1500)]
docs, tags = [d for d, _ in data], torch.tensor([t for _, t in data])
model = nn.Sequential(nn.Linear(BUCKETS, 32), nn.ReLU(), nn.Linear(32, TAGS))
opt = torch.optim.AdamW(model.parameters(), lr=2e-3)
loss_fn = nn.BCEWithLogitsLoss()
order = list(range(1200))
for epoch in range(12):
    random.shuffle(order)
    for k in range(0, 1200, 40):
        idx = order[k : k + 40]
        salt = 0 if os.environ.get("MENDED") else random.randrange(1 << 20)
        loss = loss_fn(model(vectorise([docs[i] for i in idx], salt)), tags[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
    if epoch % 3 == 0:
        print("epoch", epoch, loss.item())
print("final val_bce", loss_fn(model(vectorise(docs[1200:], 0)), tags[1200:]).item())
