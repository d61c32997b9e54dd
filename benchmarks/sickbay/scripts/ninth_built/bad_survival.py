"""Deep proportional-hazards model, trained on mini-batches with the partial likelihood."""
import os
import numpy as np
import torch
import torch.nn as nn

MENDED = bool(os.environ.get("MENDED"))
rng = np.random.default_rng(14)
torch.manual_seed(14)


def cohort(n):
    x = rng.normal(size=(n, 12))
    risk = x[:, 0] + 0.8 * x[:, 1] * x[:, 2] - 0.7 * x[:, 3]
    t = rng.exponential(np.exp(-risk))
    c = rng.uniform(20.0, 80.0, size=n)
    e = (t <= c).astype(np.float32)
    return (torch.tensor(x, dtype=torch.float32), torch.tensor(np.minimum(t, c), dtype=torch.float32), torch.tensor(e))


def cox_loss(log_h, event):
    log_cum = torch.logcumsumexp(log_h, dim=0)
    return -((log_h - log_cum) * event).sum() / event.sum().clamp(min=1)


def c_index(score, time, event):
    earlier = (time[:, None] < time[None]) & (event[:, None] > 0)
    diff = score[:, None] - score[None]
    return ((diff > 0) & earlier).sum().item() / earlier.sum().item()


x, t, e = cohort(1500)
xv, tv, ev = cohort(500)
print("event rate %.2f" % e.mean())
net = nn.Sequential(nn.Linear(12, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 1))
opt = torch.optim.Adam(net.parameters(), lr=1e-3, weight_decay=1e-4)
for epoch in range(1, 21):
    tot = []
    for i in torch.randperm(len(x)).split(100):
        if MENDED:
            i = i[t[i].argsort(descending=True)]
        loss = cox_loss(net(x[i]).squeeze(1), e[i])
        opt.zero_grad()
        loss.backward()
        opt.step()
        tot.append(loss.item())
    with torch.no_grad():
        ci = c_index(net(xv).squeeze(1), tv, ev)
    if epoch % 2 == 0:
        print(f"epoch {epoch} loss {np.mean(tot):.4f} val c-index {ci:.4f}")
print("metric val_cindex %.4f" % ci)
