"""Predict film ratings with user and film embeddings (matrix factorisation with biases)."""
import os
import random
import torch
import torch.nn as nn
import torch.nn.functional as F

MENDED = os.environ.get("MENDED") == "1"
torch.manual_seed(12)
random.seed(12)
N_USERS, N_FILMS, K = 200, 150, 4


def make_ratings(n):
    pu, qi = torch.randn(N_USERS, K), torch.randn(N_FILMS, K)
    bu, bi = 0.5 * torch.randn(N_USERS), 0.7 * torch.randn(N_FILMS)
    rows = []
    for _ in range(n):
        u, i = random.randrange(N_USERS), random.randrange(N_FILMS)
        r = 3.0 + bu[u] + bi[i] + 0.4 * (pu[u] @ qi[i]) + 0.2 * torch.randn(1).item()
        rows.append((f"user_{u:04d}", f"tt{i:05d}", float(r.clamp(0.5, 5.5))))
    return rows


class IdEncoder:
    """maps raw ids to 0..n-1 in order of appearance"""

    def fit(self, values):
        self.table = {v: k for k, v in enumerate(dict.fromkeys(values))}
        return self

    def transform(self, values):
        return torch.tensor([self.table.get(v, 0) for v in values])

    def fit_transform(self, values):
        return self.fit(values).transform(values)


class Factorizer(nn.Module):
    def __init__(self, n_users, n_films, dim=8):
        super().__init__()
        self.user, self.film = nn.Embedding(n_users, dim), nn.Embedding(n_films, dim)
        self.user_bias, self.film_bias = nn.Embedding(n_users, 1), nn.Embedding(n_films, 1)
        self.mean = nn.Parameter(torch.tensor(3.0))
        for e in (self.user, self.film):
            nn.init.normal_(e.weight, std=0.1)
        for e in (self.user_bias, self.film_bias):
            nn.init.zeros_(e.weight)

    def forward(self, u, i):
        dot = (self.user(u) * self.film(i)).sum(1)
        return self.mean + self.user_bias(u).squeeze(1) + self.film_bias(i).squeeze(1) + dot


rows = make_ratings(15000)
random.shuffle(rows)
train_rows, val_rows = rows[:12500], rows[12500:]
user_enc, film_enc = IdEncoder(), IdEncoder()
train_u = user_enc.fit_transform([r[0] for r in train_rows])
train_i = film_enc.fit_transform([r[1] for r in train_rows])
if MENDED:
    val_u = user_enc.transform([r[0] for r in val_rows])
    val_i = film_enc.transform([r[1] for r in val_rows])
else:
    val_u = user_enc.fit_transform([r[0] for r in val_rows])
    val_i = film_enc.fit_transform([r[1] for r in val_rows])
train_r = torch.tensor([r[2] for r in train_rows])
val_r = torch.tensor([r[2] for r in val_rows])

model = Factorizer(N_USERS, N_FILMS)
opt = torch.optim.Adam(model.parameters(), lr=5e-3, weight_decay=1e-5)


def val_rmse():
    with torch.no_grad():
        return F.mse_loss(model(val_u, val_i), val_r).sqrt().item()


print(f"rmse of the plain mean {(val_r - train_r.mean()).pow(2).mean().sqrt():.4f}")
for epoch in range(12):
    order = torch.randperm(len(train_r))
    total = 0.0
    for k in range(0, len(order), 128):
        idx = order[k:k + 128]
        loss = F.mse_loss(model(train_u[idx], train_i[idx]), train_r[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
        total += loss.item() * len(idx)
    print(f"epoch {epoch} train rmse {(total / len(order)) ** 0.5:.4f} val rmse {val_rmse():.4f}")

print(f"metric val_rmse {val_rmse():.4f}")
