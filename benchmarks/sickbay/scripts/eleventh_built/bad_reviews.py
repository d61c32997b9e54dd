"""Sentiment of short product reviews with a small transformer encoder and a [CLS] token."""
import os
import torch
from torch import nn

MENDED = bool(os.environ.get("MENDED"))
torch.manual_seed(0)
PAD, CLS, V, L = 0, 1, 200, 24


def batch_of_reviews(n, gen):
    ids = torch.zeros(n, L, dtype=torch.long)
    y = torch.randint(0, 2, (n,), generator=gen)
    for i in range(n):
        ln = int(torch.randint(8, 20, (1,), generator=gen))
        words = torch.randint(42, V, (ln,), generator=gen)
        k = int(torch.randint(2, 5, (1,), generator=gen))
        pos = torch.randperm(ln, generator=gen)[:k]
        words[pos] = torch.randint(0, 20, (k,), generator=gen) + (2 if y[i] == 0 else 22)
        ids[i, 0] = CLS
        ids[i, 1:1 + ln] = words
    return ids, y


class Encoder(nn.Module):
    def __init__(self, d=32):
        super().__init__()
        self.tok = nn.Embedding(V, d)
        self.pos = nn.Parameter(torch.randn(L, d) * 0.02)
        layer = nn.TransformerEncoderLayer(d, 4, 64, dropout=0.1, batch_first=True)
        self.enc = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Linear(d, 2)

    def forward(self, ids):
        h = self.tok(ids) + self.pos
        keep = ids != PAD
        h = self.enc(h, src_key_padding_mask=~keep if MENDED else keep)
        return self.head(h[:, 0])


gen = torch.Generator().manual_seed(11)
xtr, ytr = batch_of_reviews(2000, gen)
xva, yva = batch_of_reviews(300, gen)
model = Encoder()
optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
criterion = nn.CrossEntropyLoss()
for step in range(1, 261):
    model.train()
    idx = torch.randint(0, len(xtr), (32,), generator=gen)
    loss = criterion(model(xtr[idx]), ytr[idx])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 26 == 0:
        model.eval()
        with torch.no_grad():
            acc = (model(xva).argmax(1) == yva).float().mean().item()
        print(f"step {step} loss {loss.item():.4f} val acc {acc:.3f}")
print(f"metric val_acc {acc:.4f}")
