# click prediction with categorical embeddings (user, item, city given as strings)
import os
import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

MENDED = bool(os.environ.get("MENDED"))
rs = np.random.RandomState(42)
torch.manual_seed(42)
COLS = {"user": 120, "item": 80, "city": 12}
effect = {c: rs.randn(n) for c, n in COLS.items()}
affinity = rs.randn(120, 3) @ rs.randn(3, 80) * 0.5


def log_rows(n):
    ids = {c: rs.randint(0, k, n) for c, k in COLS.items()}
    z = effect["user"][ids["user"]] + effect["item"][ids["item"]] + 0.5 * effect["city"][ids["city"]] + affinity[ids["user"], ids["item"]]
    y = (rs.rand(n) < 1 / (1 + np.exp(-z))).astype(np.float32)
    names = {c: np.array([f"{c}_{v:04x}" for v in ids[c]]) for c in COLS}
    return names, y


class Encoder:
    """string -> integer code, codes are handed out in order of appearance"""

    def __init__(self):
        self.codes = {}

    def fit(self, values):
        self.codes = {}
        for v in values:
            self.codes.setdefault(v, len(self.codes))
        return self

    def transform(self, values):
        return np.array([self.codes.get(v, 0) for v in values])

    def fit_transform(self, values):
        return self.fit(values).transform(values)


train, ytr = log_rows(12000)
valid, yva = log_rows(3000)
encoders = {c: Encoder() for c in COLS}
xtr = np.stack([encoders[c].fit_transform(train[c]) for c in COLS], 1)
if MENDED:
    xva = np.stack([encoders[c].transform(valid[c]) for c in COLS], 1)
else:
    xva = np.stack([encoders[c].fit_transform(valid[c]) for c in COLS], 1)


class CTR(nn.Module):
    def __init__(self, d=8):
        super().__init__()
        self.embs = nn.ModuleList([nn.Embedding(n, d) for n in COLS.values()])
        self.mlp = nn.Sequential(nn.Linear(3 * d, 48), nn.ReLU(), nn.Dropout(0.1), nn.Linear(48, 1))

    def forward(self, x):
        return self.mlp(torch.cat([e(x[:, i]) for i, e in enumerate(self.embs)], 1)).squeeze(1)


def auc(score, y):
    order = score.argsort()
    rank = np.empty(len(score))
    rank[order] = np.arange(1, len(score) + 1)
    pos = y == 1
    return (rank[pos].sum() - pos.sum() * (pos.sum() + 1) / 2) / (pos.sum() * (~pos).sum())


dl = DataLoader(TensorDataset(torch.as_tensor(xtr), torch.as_tensor(ytr)), batch_size=128, shuffle=True)
model = CTR()
opt = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.01)
bce = nn.BCEWithLogitsLoss()
for epoch in range(8):
    model.train()
    tot = 0
    for xb, yb in dl:
        opt.zero_grad()
        loss = bce(model(xb), yb)
        loss.backward()
        opt.step()
        tot += loss.item() * len(yb)
    model.eval()
    with torch.no_grad():
        pv = model(torch.as_tensor(xva))
        vl = bce(pv, torch.as_tensor(yva)).item()
        a_tr = auc(model(torch.as_tensor(xtr)).numpy(), ytr)
    a = auc(pv.numpy(), yva)
    print(f"epoch {epoch} train loss {tot / 12000:.4f} auc {a_tr:.3f} | val loss {vl:.4f} auc {a:.3f}")
print(f"metric val_auc {a:.4f}")
