"""Click prediction with large hashed categories: sparse embedding gradients and two optimisers."""
import numpy as np
import torch
import torch.nn as nn

rng = np.random.default_rng(110)
torch.manual_seed(110)
BUCKETS, DIM = 50_000, 8
SITES, ADS = 300, 400

site_vec, ad_vec = rng.normal(size=(SITES, 3)), rng.normal(size=(ADS, 3))
site_bias, ad_bias = rng.normal(0, 0.8, SITES), rng.normal(0, 0.8, ADS)


def impressions(n):
    site = (rng.zipf(1.4, n) - 1) % SITES
    ad = rng.integers(0, ADS, n)
    hour = rng.integers(0, 24, n)
    logit = site_bias[site] + ad_bias[ad] + 1.0 * (site_vec[site] * ad_vec[ad]).sum(1) + 0.5 * np.sin(hour / 24 * 6.28) - 1.5
    click = (rng.random(n) < 1 / (1 + np.exp(-logit))).astype(np.float32)
    h = lambda field, v: (v * 2654435761 + field * 97) % BUCKETS
    ids = np.stack([h(0, site), h(1, ad), h(2, hour)], 1)
    return torch.from_numpy(ids), torch.from_numpy(click), 1 / (1 + np.exp(-logit))


class FM(nn.Module):
    def __init__(self):
        super().__init__()
        self.vec = nn.Embedding(BUCKETS, DIM, sparse=True)
        self.lin = nn.Embedding(BUCKETS, 1, sparse=True)
        nn.init.normal_(self.vec.weight, std=0.15)
        nn.init.zeros_(self.lin.weight)
        self.deep = nn.Sequential(nn.Linear(3 * DIM, 32), nn.ReLU(), nn.Linear(32, 1))
        self.bias = nn.Parameter(torch.zeros(1))

    def forward(self, ids):
        e = self.vec(ids)
        pair = 0.5 * (e.sum(1) ** 2 - (e ** 2).sum(1)).sum(1)
        return self.bias + self.lin(ids).sum((1, 2)) + pair + self.deep(e.flatten(1)).squeeze(1)


def auc(score, label):
    order = np.argsort(score)
    rank = np.empty(len(score))
    rank[order] = np.arange(1, len(score) + 1)
    pos = label.sum()
    return (rank[label == 1].sum() - pos * (pos + 1) / 2) / (pos * (len(label) - pos))


ids, click, _ = impressions(60_000)
v_ids, v_click, v_true = impressions(10_000)
model = FM()
sparse_opt = torch.optim.SparseAdam(list(model.vec.parameters()) + list(model.lin.parameters()), lr=0.01)
dense_opt = torch.optim.Adam(list(model.deep.parameters()) + [model.bias], lr=2e-3)
bce = nn.BCEWithLogitsLoss()

for epoch in range(4):
    model.train()
    run = []
    for idx in torch.randperm(len(click)).split(256):
        loss = bce(model(ids[idx]), click[idx])
        sparse_opt.zero_grad()
        dense_opt.zero_grad()
        loss.backward()
        sparse_opt.step()
        dense_opt.step()
        run.append(loss.item())
    model.eval()
    with torch.no_grad():
        s = model(v_ids).numpy()
    value = auc(s, v_click.numpy())
    print(f"pass {epoch + 1} loss {np.mean(run):.4f} auc {value:.4f} (best possible {auc(v_true, v_click.numpy()):.4f})")
print("rows never touched:", int((model.lin.weight == 0).sum()))
print(f"metric val_auc {value:.4f}")
