"""DeepSurv style Cox network on synthetic patients."""
import os
import numpy as np
import torch
from torch import nn

MENDED = bool(os.environ.get("MENDED"))
rs = np.random.RandomState(5)
torch.manual_seed(5)

n, d = 2000, 10
X = rs.randn(n, d).astype(np.float32)
risk = 0.9 * X[:, 0] - 0.7 * X[:, 1] + 0.6 * X[:, 2] * X[:, 3]
T = rs.exponential(np.exp(-risk))
E = rs.rand(n) < 0.7
T = np.where(E, T, T * rs.rand(n)).astype(np.float32)
E = E.astype(np.float32)
X, T, E = map(torch.from_numpy, (X, T, E))
Xtr, Ttr, Etr, Xva, Tva, Eva = X[:1500], T[:1500], E[:1500], X[1500:], T[1500:], E[1500:]


def neg_partial_likelihood(log_h, event):
    log_cum = torch.logcumsumexp(log_h, 0)
    return -((log_h - log_cum) * event).sum() / event.sum().clamp(min=1)


def concordance(log_h, t, e):
    earlier = (t[:, None] < t[None]) & (e[:, None] > 0)
    right = (log_h[:, None] > log_h[None]) & earlier
    return (right.sum() / earlier.sum()).item()


model = nn.Sequential(nn.Linear(d, 32), nn.Tanh(), nn.Dropout(0.1), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3, weight_decay=1e-4)
for epoch in range(25):
    model.train()
    perm = torch.randperm(len(Xtr))
    tot = 0.
    for b in perm.split(128):
        if MENDED:
            b = b[Ttr[b].argsort(descending=True)]
        loss = neg_partial_likelihood(model(Xtr[b]).squeeze(1), Etr[b])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        tot += loss.item()
    model.eval()
    with torch.no_grad():
        c = concordance(model(Xva).squeeze(1), Tva, Eva)
    if epoch % 3 == 0 or epoch == 24:
        print(f"epoch {epoch}  npl {tot / 12:.4f}  val c-index {c:.4f}")
print(f"metric c_index {c:.4f}")
