"""Heteroscedastic regression of travel times: the network gives mean and log-variance, trained by likelihood."""
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(50)


def trips(n):
    x = torch.rand(n, 6)
    mean = 0.5 * torch.sin(6 * x[:, 0]) + 0.4 * x[:, 1] * x[:, 2]
    std = 0.02 + 0.1 * x[:, 3] ** 2
    return x, mean + std * torch.randn(n)


class MeanVar(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(6, 64), nn.SiLU(), nn.Linear(64, 64), nn.SiLU())
        self.mean, self.log_var = nn.Linear(64, 1), nn.Linear(64, 1)

    def forward(self, x):
        h = self.trunk(x)
        return self.mean(h).squeeze(-1), self.log_var(h).squeeze(-1).clamp(-12, 4)


def nll(mean, log_var, y):
    return 0.5 * (log_var + (y - mean) ** 2 * torch.exp(-log_var)).mean()


train = DataLoader(TensorDataset(*trips(6000)), batch_size=100, shuffle=True)
vx, vy = trips(2000)
net = MeanVar()
opt = torch.optim.Adam(net.parameters(), lr=1e-3)
sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=60 * len(train))
for epoch in range(60):
    net.train()
    total = 0.0
    for x, y in train:
        loss = nll(*net(x), y)
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        opt.step()
        sched.step()
        total += loss.item()
    if epoch % 6 == 5:
        net.eval()
        with torch.no_grad():
            m, lv = net(vx)
            inside = ((vy - m).abs() < 2 * torch.exp(0.5 * lv)).float().mean().item()
            print(f"epoch {epoch + 1} nll {total / len(train):.4f} coverage {inside:.3f} "
                  f"rmse {((m - vy) ** 2).mean().sqrt():.4f} val_nll {nll(m, lv, vy).item():.4f}")
