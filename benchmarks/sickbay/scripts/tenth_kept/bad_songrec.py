"""Matrix factorisation for song ratings. Train rmse fine, val rmse worse than the global mean."""
import os
import numpy as np
import torch
import torch.nn as nn

MENDED = bool(os.environ.get("MENDED"))
rng = np.random.default_rng(31)
torch.manual_seed(31)

# --- raw log: user name, song name, rating
N_U, N_S, K = 250, 180, 3
PU, PS = rng.normal(size=(N_U, K)), rng.normal(size=(N_S, K))
bu, bs = rng.normal(0, .5, N_U), rng.normal(0, .5, N_S)
users = np.array([f"user_{rng.integers(10**6):06d}" for _ in range(N_U)])
songs = np.array([f"song_{rng.integers(10**6):06d}" for _ in range(N_S)])
cells = rng.choice(N_U * N_S, 13000, replace=False)
iu, js = cells // N_S, cells % N_S
rating = 3 + bu[iu] + bs[js] + 0.5 * (PU[iu] * PS[js]).sum(1) + rng.normal(0, .3, len(iu))
log = {"user": users[iu], "song": songs[js], "rating": rating.astype(np.float32)}
cut = 11800
train = {k: v[:cut] for k, v in log.items()}
valid = {k: v[cut:] for k, v in log.items()}
seen = np.isin(valid["user"], train["user"]) & np.isin(valid["song"], train["song"])
valid = {k: v[seen] for k, v in valid.items()}


class Encoder:
    def fit(self, col):
        self.index = {v: i for i, v in enumerate(sorted(set(col.tolist())))}
        return self

    def transform(self, col):
        return torch.tensor([self.index[v] for v in col.tolist()])


def prepare(df, fit_on):
    return (Encoder().fit(fit_on["user"]).transform(df["user"]),
            Encoder().fit(fit_on["song"]).transform(df["song"]), torch.tensor(df["rating"]))


u, s, r = prepare(train, train)
vu, vs, vr = prepare(valid, train if MENDED else valid)


class MF(nn.Module):
    def __init__(self, nu, ns, k=8):
        super().__init__()
        self.P, self.Q = nn.Embedding(nu, k), nn.Embedding(ns, k)
        self.bu, self.bs = nn.Embedding(nu, 1), nn.Embedding(ns, 1)
        for e in (self.P, self.Q, self.bu, self.bs):
            nn.init.normal_(e.weight, 0, 0.1)
        self.mean = nn.Parameter(torch.tensor(3.0))

    def forward(self, a, b):
        return self.mean + (self.bu(a) + self.bs(b)).squeeze(1) + (self.P(a) * self.Q(b)).sum(1)


mf = MF(int(u.max()) + 1, int(s.max()) + 1)
opt = torch.optim.AdamW(mf.parameters(), lr=1e-2, weight_decay=0.05)
for epoch in range(15):
    se = 0.0
    for i in torch.randperm(len(u)).split(128):
        loss = ((mf(u[i], s[i]) - r[i]) ** 2).mean()
        opt.zero_grad(); loss.backward(); opt.step()
        se += loss.item() * len(i)
    with torch.no_grad():
        v = ((mf(vu, vs) - vr) ** 2).mean().sqrt().item()
    print(f"epoch {epoch:2d} train rmse {np.sqrt(se / len(u)):.4f} val rmse {v:.4f}")
print(f"metric val_rmse {v:.4f}")
