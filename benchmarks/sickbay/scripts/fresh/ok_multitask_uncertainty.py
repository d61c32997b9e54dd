"""Three tasks on one trunk, weighted by learned log-variances: classes, a number and a mask of missing labels."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
x = torch.randn(2000, 20)
W = torch.randn(20, 6) / 4
cls = (x @ W[:, :3] + 0.5 * torch.randn(2000, 3)).argmax(1)
num = 12 + 4 * torch.tanh(x @ W[:, 3]) + torch.randn(2000)
tags = (x @ W[:, 4:] > 0.5).float()
known = torch.rand(2000, 2) < 0.6


class MultiTask(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(20, 64), nn.LayerNorm(64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU())
        self.heads = nn.ModuleDict({"cls": nn.Linear(64, 3), "num": nn.Linear(64, 1), "tags": nn.Linear(64, 2)})
        self.log_var = nn.Parameter(torch.zeros(3))

    def forward(self, x):
        h = self.trunk(x)
        return {k: head(h) for k, head in self.heads.items()}


net = MultiTask()
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
for epoch in range(12):
    for i in torch.randperm(1600).split(40):
        out = net(x[i])
        tag = F.binary_cross_entropy_with_logits(out["tags"], tags[i], reduction="none")
        losses = torch.stack([
            F.cross_entropy(out["cls"], cls[i]),
            F.mse_loss(out["num"].squeeze(1), (num[i] - 12) / 4),
            (tag * known[i]).sum() / known[i].sum().clamp(min=1),
        ])
        loss = (losses * torch.exp(-net.log_var) + net.log_var).sum()
        opt.zero_grad()
        loss.backward()
        opt.step()
    print(epoch, losses.tolist())
