"""Sentiment of padded reviews with src_key_padding_mask = (x != PAD), which hides the words."""
# after github.com/mlwithme/TransformerTranslation/issues/6
import os
import torch
from torch import nn

torch.manual_seed(0)
PAD, V, L = 0, 40, 18


def reviews(n):
    y = torch.randint(0, 2, (n,))
    x = torch.zeros(n, L, dtype=torch.long)
    for i in range(n):
        k = int(torch.randint(5, 11, (1,)))
        x[i, :k] = torch.randint(1, V, (k,))
        good = int(torch.randint(0, k, (1,)))
        x[i, good] = (1 if y[i] else 2)
        x[i, :k][(x[i, :k] == (2 if y[i] else 1))] = 3
    return x, y


class Sentiment(nn.Module):
    def __init__(self, d=32):
        super().__init__()
        self.emb = nn.Embedding(V, d, padding_idx=PAD)
        self.pos = nn.Parameter(torch.randn(L, d) * 0.02)
        enc = nn.TransformerEncoderLayer(d, 4, 64, dropout=0.0, batch_first=True)
        self.encoder = nn.TransformerEncoder(enc, 1, enable_nested_tensor=False)
        self.cls = nn.Linear(d, 2)

    def forward(self, x):
        mask = (x == PAD) if os.environ.get("MENDED") else (x != PAD)
        h = self.encoder(self.emb(x) + self.pos, src_key_padding_mask=mask)
        return self.cls(h.masked_fill(mask[..., None], 0).mean(1))


X, Y = reviews(1200)
Xv, Yv = reviews(300)
model = Sentiment()
opt = torch.optim.Adam(model.parameters(), lr=1e-3)
for epoch in range(8):
    for i in torch.randperm(1200).split(32):
        loss = nn.functional.cross_entropy(model(X[i]), Y[i])
        opt.zero_grad()
        loss.backward()
        opt.step()
    print(epoch, round(loss.item(), 4))
print("final val_loss", nn.functional.cross_entropy(model(Xv), Yv).item())
