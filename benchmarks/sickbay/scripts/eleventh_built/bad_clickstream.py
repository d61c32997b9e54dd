"""Predict purchase from a session of page ids: did the visitor read the offer before the terms page?"""
import math
import os
import torch
import torch.nn as nn

MENDED = bool(os.environ.get("MENDED"))
torch.manual_seed(77)
PAGES, L, D = 30, 14, 32
OFFER, TERMS = 1, 2


def sessions(n):
    s = torch.randint(3, PAGES, (n, L))
    y = torch.randint(0, 2, (n,))
    for i in range(n):
        a, b = sorted(torch.randperm(L)[:2].tolist())
        first, second = (OFFER, TERMS) if y[i] else (TERMS, OFFER)
        s[i, a], s[i, b] = first, second
    return s, y


class PositionalEncoding(nn.Module):
    def __init__(self, d, max_len=512):
        super().__init__()
        pos = torch.arange(max_len).float()[:, None]
        div = torch.exp(torch.arange(0, d, 2).float() * (-math.log(10000.0) / d))
        pe = torch.zeros(max_len, 1, d)
        pe[:, 0, 0::2] = torch.sin(pos * div)
        pe[:, 0, 1::2] = torch.cos(pos * div)
        self.register_buffer("pe", pe.transpose(0, 1) if MENDED else pe)

    def forward(self, x):
        n = x.size(1 if self.pe.size(0) == 1 else 0)
        return x + (self.pe[:, :n] if self.pe.size(0) == 1 else self.pe[:n])


class SessionNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(PAGES, D)
        self.pe = PositionalEncoding(D)
        layer = nn.TransformerEncoderLayer(D, 4, 64, dropout=0.0, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2)
        self.fc = nn.Linear(D, 2)

    def forward(self, s):
        h = self.pe(self.emb(s))
        return self.fc(self.encoder(h).mean(1))


x, y = sessions(3000)
xv, yv = sessions(400)
model = SessionNet()
opt = torch.optim.Adam(model.parameters(), lr=2e-3)
for step in range(1, 401):
    model.train()
    j = torch.randint(0, len(x), (32,))
    loss = nn.functional.cross_entropy(model(x[j]), y[j])
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 50 == 0:
        model.eval()
        with torch.no_grad():
            acc = (model(xv).argmax(1) == yv).float().mean().item()
        print(f"step {step:4d} loss {loss.item():.4f} val acc {acc:.4f}")
print("metric val_acc", round(acc, 4))
