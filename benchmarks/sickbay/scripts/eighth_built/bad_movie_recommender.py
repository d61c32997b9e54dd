"""Rating prediction for movies from user and item vectors."""
import os
import numpy as np
import torch
from torch import nn

MENDED = bool(os.environ.get("MENDED"))
rng = np.random.default_rng(30)
torch.manual_seed(30)
USERS, ITEMS, DIM = 400, 250, 12

taste = rng.normal(size=(USERS, 5))
genre = rng.normal(size=(ITEMS, 5))
popularity = rng.normal(0, 0.25, ITEMS)
mood = rng.normal(0, 0.2, USERS)
pairs = np.array([(u, i) for u in range(USERS) for i in rng.choice(ITEMS, 70, replace=False)])
u, i = pairs[:, 0], pairs[:, 1]
rating = 3.4 + mood[u] + popularity[i] + 0.45 * (taste[u] * genre[i]).sum(1) + rng.normal(0, 0.25, len(u))
rating = np.clip(rating, 0.5, 5.0)
old_user = rng.normal(0, 0.3, (USERS, DIM)).astype(np.float32)
old_item = rng.normal(0, 0.3, (ITEMS, DIM)).astype(np.float32)
old_item[:, :2] += 0.15 * genre[:, :2]

order = rng.permutation(len(u))
cut = int(0.85 * len(order))
to_t = lambda idx: (torch.from_numpy(u[idx]), torch.from_numpy(i[idx]), torch.from_numpy(rating[idx]).float())
train, valid = to_t(order[:cut]), to_t(order[cut:])


class Recommender(nn.Module):
    def __init__(self, user_vectors, item_vectors, mean):
        super().__init__()
        kw = {"freeze": False} if MENDED else {}
        self.user = nn.Embedding.from_pretrained(torch.from_numpy(user_vectors), **kw)
        self.item = nn.Embedding.from_pretrained(torch.from_numpy(item_vectors), **kw)
        self.user_bias = nn.Embedding(USERS, 1)
        self.item_bias = nn.Embedding(ITEMS, 1)
        nn.init.zeros_(self.user_bias.weight)
        nn.init.zeros_(self.item_bias.weight)
        self.scale = nn.Parameter(torch.ones(DIM))
        self.register_buffer("mean", torch.tensor(mean))

    def forward(self, users, items):
        dot = (self.user(users) * self.scale * self.item(items)).sum(1)
        return self.mean + dot + self.user_bias(users).squeeze(1) + self.item_bias(items).squeeze(1)


model = Recommender(old_user, old_item, train[2].mean().item())
opt = torch.optim.Adam(model.parameters(), lr=0.01)
mse = nn.MSELoss()


def rmse(split):
    model.eval()
    with torch.no_grad():
        return mse(model(split[0], split[1]), split[2]).sqrt().item()


for epoch in range(12):
    model.train()
    perm = torch.randperm(len(train[2]))
    for idx in perm.split(256):
        loss = mse(model(train[0][idx], train[1][idx]), train[2][idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
    print(f"epoch {epoch + 1:2d} train rmse {rmse(train):.3f} valid rmse {rmse(valid):.3f}")
base = (valid[2] - train[2].mean()).pow(2).mean().sqrt().item()
print(f"mean predictor rmse {base:.3f}")
print(f"metric valid_rmse {rmse(valid):.4f}")
