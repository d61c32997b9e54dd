"""A mixture of experts with top-2 routing and a load-balancing loss; some experts see few tokens."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)


class MoE(nn.Module):
    def __init__(self, d=12, experts=4, k=2):
        super().__init__()
        self.k = k
        self.gate = nn.Linear(d, experts)
        self.experts = nn.ModuleList(nn.Sequential(nn.Linear(d, 32), nn.ReLU(), nn.Linear(32, d)) for _ in range(experts))

    def forward(self, x):
        p = self.gate(x).softmax(-1)
        w, idx = p.topk(self.k, dim=-1)
        w = w / w.sum(-1, keepdim=True)
        out = torch.zeros_like(x)
        for e, expert in enumerate(self.experts):
            hit = (idx == e)
            rows = hit.any(-1)
            if rows.any():
                out[rows] += (w * hit)[rows].sum(-1, keepdim=True) * expert(x[rows])
        load = F.one_hot(idx, len(self.experts)).float().mean((0, 1))
        return x + out, len(self.experts) * (load * p.mean(0)).sum()


inp, moe, head = nn.Linear(6, 12), MoE(), nn.Linear(12, 1)
params = [p for m in (inp, moe, head) for p in m.parameters()]
opt = torch.optim.Adam(params, lr=3e-3)
for step in range(700):
    x = torch.randn(64, 6)
    y = torch.where(x[:, :1] > 0, x[:, 1:2] * 2, x[:, 2:3].sin() * 2)
    h, aux = moe(inp(x))
    loss = F.mse_loss(head(h), y) + 0.01 * aux
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 140 == 0:
        print(step, loss.item())
print("final loss", loss.item())
