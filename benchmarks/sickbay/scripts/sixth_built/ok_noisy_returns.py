"""Next-day returns of stocks: hardly any signal, heavy tails; the score is the rank correlation with the truth."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(38)
DAYS, STOCKS, FEAT = 700, 60, 12


def market():
    x = torch.randn(DAYS, STOCKS, FEAT)
    signal = 0.10 * x[..., 0] - 0.08 * x[..., 1] + 0.06 * x[..., 2] * x[..., 3]
    noise = torch.distributions.StudentT(3.0).sample((DAYS, STOCKS))
    common = 0.8 * torch.randn(DAYS, 1)
    return x, signal + noise + common


def spearman(a, b):
    ra, rb = a.argsort(-1).argsort(-1).float(), b.argsort(-1).argsort(-1).float()
    ra, rb = ra - ra.mean(-1, keepdim=True), rb - rb.mean(-1, keepdim=True)
    return ((ra * rb).sum(-1) / (ra.norm(dim=-1) * rb.norm(dim=-1))).mean().item()


class Ranker(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(FEAT, 24), nn.SiLU(), nn.Dropout(0.2), nn.Linear(24, 1))

    def forward(self, x):
        return self.net(x).squeeze(-1)


x, ret = market()
ret = ret - ret.mean(1, keepdim=True)
train_x, train_r, val_x, val_r = x[:500], ret[:500], x[500:], ret[500:]
model = Ranker()
opt = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.5)
loss_fn = nn.HuberLoss(delta=1.0)
baseline = loss_fn(torch.zeros_like(val_r), val_r).item()
print(f"val loss of predicting zero {baseline:.5f}")

for epoch in range(16):
    model.train()
    total, n = 0.0, 0
    for days in torch.randperm(500).split(10):
        pred = model(train_x[days])
        pred = pred - pred.mean(1, keepdim=True)
        loss = loss_fn(pred, train_r[days])
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
        total, n = total + loss.item(), n + 1
    model.eval()
    with torch.no_grad():
        pred = model(val_x)
        pred = pred - pred.mean(1, keepdim=True)
        ic = spearman(pred, val_r)
        vl = loss_fn(pred, val_r).item()
    print(f"epoch {epoch} huber {total / n:.5f} val huber {vl:.5f} spread of predictions {pred.std():.3f} rank corr {ic:.4f}")

print(f"metric rank_corr {ic:.4f}")
