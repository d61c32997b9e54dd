"""DeepSurv style network: risk of relapse from 12 markers, partial likelihood loss."""
import os
import numpy as np
import torch
import torch.nn as nn

MENDED = bool(os.environ.get("MENDED"))
rng = np.random.default_rng(6); torch.manual_seed(6)


def cohort(n):
    x = rng.normal(size=(n, 12))
    risk = 1.2 * x[:, 0] - 1.0 * x[:, 1] + 0.8 * x[:, 2] * x[:, 3]
    t = rng.exponential(np.exp(-risk))
    c = rng.exponential(np.exp(-1.6 * x[:, 0] + 1.2 * x[:, 4]) * 1.5)      # sicker patients leave the study
    return (torch.tensor(x, dtype=torch.float32), torch.tensor(np.minimum(t, c), dtype=torch.float32),
            torch.tensor((t <= c).astype(np.float32)))


def neg_partial_log_likelihood(log_h, event):
    log_risk = torch.logcumsumexp(log_h, dim=0)
    return -((log_h - log_risk) * event).sum() / event.sum().clamp(min=1)


def concordance(score, t, e):
    d = (t[:, None] < t[None]) & (e[:, None] > 0)
    return ((score[:, None] > score[None]) & d).sum().item() / d.sum().item()


xt, tt, et = cohort(1500)
xv, tv, ev = cohort(500)
net = nn.Sequential(nn.Linear(12, 48), nn.SELU(), nn.Linear(48, 24), nn.SELU(), nn.Linear(24, 1))
opt = torch.optim.Adam(net.parameters(), lr=1e-3, weight_decay=1e-4)
for epoch in range(25):
    net.train(); run = []
    for b in torch.randperm(len(xt)).split(150):
        if MENDED:
            b = b[tt[b].argsort(descending=True)]
        loss = neg_partial_log_likelihood(net(xt[b]).squeeze(1), et[b])
        opt.zero_grad(); loss.backward(); opt.step()
        run.append(loss.item())
    net.eval()
    with torch.no_grad():
        ci = concordance(net(xv).squeeze(1), tv, ev)
    if epoch % 4 == 0:
        print(f"epoch {epoch} loss {np.mean(run):.4f} c-index {ci:.4f}")
print(f"metric c_index {ci:.4f}")
