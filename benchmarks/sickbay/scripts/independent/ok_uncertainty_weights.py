"""Well: two tasks weighed by learned log-variances (Kendall and others); the total loss goes below zero and keeps falling."""
# a negative loss is right here: the regression term is a gaussian likelihood with a variance that shrinks
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(60)
x = torch.randn(3000, 15)
depth = (torch.sin(x[:, 0] * 1.5) + x[:, 1] * x[:, 2] * 0.5 + 0.02 * torch.randn(3000)) * 0.2
kind = (x[:, 3:6] + 0.5 * torch.randn(3000, 3)).argmax(1)
train = DataLoader(TensorDataset(x[:2500], depth[:2500], kind[:2500]), batch_size=50, shuffle=True)


class TwoHeads(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(15, 96), nn.ReLU(), nn.Linear(96, 64), nn.ReLU())
        self.depth, self.kind = nn.Linear(64, 1), nn.Linear(64, 3)
        self.log_var = nn.Parameter(torch.zeros(2))

    def forward(self, x):
        h = self.trunk(x)
        return self.depth(h).squeeze(1), self.kind(h)

    def loss(self, x, d, k):
        pd, pk = self(x)
        s = self.log_var
        a = 0.5 * torch.exp(-s[0]) * ((pd - d) ** 2).mean() + 0.5 * s[0]
        b = torch.exp(-s[1]) * nn.functional.cross_entropy(pk, k) + 0.5 * s[1]
        return a + b


net = TwoHeads()
opt = torch.optim.Adam([{"params": [p for n, p in net.named_parameters() if n != "log_var"], "lr": 1e-3},
                        {"params": [net.log_var], "lr": 1e-2}])
for epoch in range(14):
    for b in train:
        opt.zero_grad()
        loss = net.loss(*b)
        loss.backward()
        opt.step()
    with torch.no_grad():
        pd, pk = net(x[2500:])
        mse, acc = ((pd - depth[2500:]) ** 2).mean().item(), (pk.argmax(1) == kind[2500:]).float().mean().item()
    print(f"epoch {epoch} loss {loss.item():.3f} depth mse {mse:.5f} kind acc {acc:.3f} log_var {net.log_var.tolist()}")
print("final mse", mse, "of variance", depth[2500:].var().item(), "accuracy", acc)
