# Deep survival model: time to relapse from clinical covariates (right-censored)
import os
import numpy as np
import torch
import torch.nn as nn

MENDED = bool(os.environ.get("MENDED"))
np.random.seed(17)
torch.manual_seed(17)

n, p = 2000, 12
X = np.random.randn(n, p).astype(np.float32)
risk = 0.9 * X[:, 0] - 0.7 * X[:, 1] + 0.8 * X[:, 2] * X[:, 3] + 0.5 * np.abs(X[:, 4])
T = np.random.exponential(np.exp(-risk) * 5)
Cns = np.random.exponential(8, n)
time = np.minimum(T, Cns).astype(np.float32)
event = (T <= Cns).astype(np.float32)
tr, va = slice(0, 1500), slice(1500, None)


def c_index(t, e, s):
    num = den = 0.0
    for i in np.where(e == 1)[0]:
        later = t > t[i]
        num += (s[later] < s[i]).sum() + 0.5 * (s[later] == s[i]).sum()
        den += later.sum()
    return num / den


class CoxLoss(nn.Module):
    def forward(self, log_h, t, e):
        order = torch.argsort(t, descending=MENDED)
        log_h, e = log_h[order], e[order]
        log_cum = torch.logcumsumexp(log_h, dim=0)
        return -((log_h - log_cum) * e).sum() / e.sum().clamp(min=1)


net = nn.Sequential(nn.Linear(p, 48), nn.SELU(), nn.Linear(48, 48), nn.SELU(), nn.Linear(48, 1))
cox = CoxLoss()
optimizer = torch.optim.Adam(net.parameters(), lr=1e-3, weight_decay=1e-4)
Xt, tt, et = (torch.from_numpy(a[tr]) for a in (X, time, event))
Xv = torch.from_numpy(X[va])

for epoch in range(15):
    net.train()
    perm = torch.randperm(1500)
    hist = []
    for k in range(0, 1500, 100):
        b = perm[k:k + 100]
        optimizer.zero_grad()
        loss = cox(net(Xt[b]).squeeze(1), tt[b], et[b])
        loss.backward()
        optimizer.step()
        hist.append(loss.item())
    net.eval()
    with torch.no_grad():
        ci = c_index(time[va], event[va], net(Xv).squeeze(1).numpy())
    if epoch % 3 == 2:
        print("Epoch %d: partial likelihood loss %.4f, val c-index %.3f" % (epoch + 1, np.mean(hist), ci))
print("metric val_c_index %.4f" % ci)
