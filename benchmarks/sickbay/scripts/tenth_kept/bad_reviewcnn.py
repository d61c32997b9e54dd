"""Text CNN for review sentiment (synthetic reviews)."""
import os
import random
import torch
from torch import nn
from torch.optim.lr_scheduler import StepLR
from torch.utils.data import DataLoader

MENDED = bool(os.environ.get("MENDED"))
random.seed(0)
torch.manual_seed(0)

GOOD = [f"g{i}" for i in range(40)]
BAD = [f"b{i}" for i in range(40)]
FILL = [f"w{i}" for i in range(120)]
vocab = {w: i + 1 for i, w in enumerate(GOOD + BAD + FILL + ["not"])}
L = 24


def review():
    y = random.randint(0, 1)
    words = [random.choice(FILL) for _ in range(L)]
    for p in random.sample(range(1, L), 6):
        pos = (random.random() < 0.8) == bool(y)
        if random.random() < 0.4 and p:
            words[p - 1], words[p] = "not", random.choice(BAD if pos else GOOD)
        else:
            words[p] = random.choice(GOOD if pos else BAD)
    return torch.tensor([vocab[w] for w in words]), y


train_dl = DataLoader([review() for _ in range(3000)], batch_size=32, shuffle=True)
val_dl = DataLoader([review() for _ in range(800)], batch_size=200)


class TextCNN(nn.Module):
    def __init__(self, v, e=32, f=32):
        super().__init__()
        self.emb = nn.Embedding(v, e, padding_idx=0)
        self.convs = nn.ModuleList([nn.Conv1d(e, f, k, padding=k // 2) for k in (1, 2, 3)])
        self.drop, self.out = nn.Dropout(0.3), nn.Linear(3 * f, 2)

    def forward(self, t):
        h = self.emb(t).transpose(1, 2)
        return self.out(self.drop(torch.cat([c(h).relu().mean(-1) for c in self.convs], 1)))


model = TextCNN(len(vocab) + 1)
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
scheduler = StepLR(optimizer, step_size=4, gamma=0.5)
loss_fn = nn.CrossEntropyLoss()

for epoch in range(10):
    model.train()
    total = 0.0
    for x, y in train_dl:
        loss = loss_fn(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if not MENDED:
            scheduler.step()
        total += loss.item()
    if MENDED:
        scheduler.step()
    model.eval()
    with torch.no_grad():
        acc = sum((model(x).argmax(1) == y).sum().item() for x, y in val_dl) / 800
    print(f"epoch {epoch + 1:2d} loss {total / len(train_dl):.4f} val_acc {acc:.4f}")
print(f"metric val_acc {acc:.4f}")
