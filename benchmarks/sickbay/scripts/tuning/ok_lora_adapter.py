"""LoRA: a pre-trained net frozen, low-rank adapters (B starts at zero) fitted to a shifted task."""
import torch
from torch import nn

torch.manual_seed(0)


class LoRALinear(nn.Module):
    def __init__(self, base, r=4, alpha=8):
        super().__init__()
        self.base = base
        for p in self.base.parameters():
            p.requires_grad_(False)
        self.A = nn.Parameter(torch.randn(r, base.in_features) * 0.05)
        self.B = nn.Parameter(torch.zeros(base.out_features, r))
        self.scale = alpha / r

    def forward(self, x):
        return self.base(x) + self.scale * (x @ self.A.T @ self.B.T)


def fit(model, X, Y, steps, lr):
    opt = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=lr)
    for s in range(steps):
        i = torch.randint(0, len(X), (64,))
        loss = nn.functional.mse_loss(model(X[i]), Y[i])
        opt.zero_grad()
        loss.backward()
        opt.step()
    return loss.item()


X = torch.randn(1000, 8)
Y = torch.sin(X[:, :1]) + X[:, 1:2] * X[:, 2:3]
net = nn.Sequential(nn.Linear(8, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1))
print("pre-training", fit(net, X, Y, 500, 3e-3))
for k in (0, 2, 4):
    net[k] = LoRALinear(net[k])
Y2 = Y + 0.8 * X[:, 3:4]
print("final loss", fit(net, X, Y2, 500, 5e-3))
