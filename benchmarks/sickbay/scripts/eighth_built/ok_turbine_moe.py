"""Turbine power model: sparse mixture of experts with top-2 routing and a balance loss."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(100)


def log_book(n):
    x = torch.rand(n, 5) * 2 - 1
    regime = (x[:, 0] > 0).long() * 2 + (x[:, 1] > 0.1).long()
    f = torch.stack([
        torch.sin(4 * x[:, 2]) + x[:, 3],
        x[:, 3] ** 2 - 1.5 * x[:, 4],
        -x[:, 2] * x[:, 4] * 2,
        torch.tanh(4 * x[:, 4]) + 0.5 * x[:, 2],
    ], 1)
    y = f.gather(1, regime[:, None]).squeeze(1)
    return x, y + 0.05 * torch.randn(n)


class Expert(nn.Sequential):
    def __init__(self, d, h):
        super().__init__(nn.Linear(d, h), nn.GELU(), nn.Linear(h, h), nn.GELU(), nn.Linear(h, 1))


class MoE(nn.Module):
    def __init__(self, d=5, h=32, n_experts=6):
        super().__init__()
        self.gate = nn.Sequential(nn.Linear(d, 24), nn.Tanh(), nn.Linear(24, n_experts))
        self.experts = nn.ModuleList([Expert(d, h) for _ in range(n_experts)])

    def forward(self, x):
        logits = self.gate(x)
        if self.training:
            logits = logits + 0.1 * torch.randn_like(logits)
        probs = logits.softmax(1)
        top_p, top_i = probs.topk(2, dim=1)
        top_p = top_p / top_p.sum(1, keepdim=True)
        out = x.new_zeros(len(x))
        for e, expert in enumerate(self.experts):
            rows, slot = (top_i == e).nonzero(as_tuple=True)
            if len(rows) == 0:
                continue
            out = out.index_add(0, rows, top_p[rows, slot] * expert(x[rows]).squeeze(1))
        share = F.one_hot(top_i, len(self.experts)).float().mean((0, 1))
        balance = len(self.experts) * (share * probs.mean(0)).sum()
        return out, balance, share


x, y = log_book(7200)
vx, vy = log_book(1500)
model = MoE()
opt = torch.optim.AdamW(model.parameters(), lr=6e-3, weight_decay=1e-4)
sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=13)
for epoch in range(13):
    model.train()
    total = 0.0
    for idx in torch.randperm(len(y)).split(120):
        pred, balance, share = model(x[idx])
        loss = F.mse_loss(pred, y[idx]) + 0.03 * balance
        opt.zero_grad(set_to_none=True)
        loss.backward()
        opt.step()
        total += loss.item()
    sched.step()
    model.eval()
    with torch.no_grad():
        pred, _, share = model(vx)
        r2 = 1 - F.mse_loss(pred, vy) / vy.var()
    print(f"epoch {epoch:2d} loss {total / 60:.4f} r2 {r2.item():.4f} shares {[round(s, 2) for s in share.tolist()]}")
print(f"metric val_r2 {r2.item():.4f}")
