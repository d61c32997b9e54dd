"""A daily series with trend and weeks, forecast 7 ahead from 28 by a net on windows that are normalised one by one."""
import torch
import torch.nn as nn

torch.manual_seed(0)
t = torch.arange(1500.0)
series = 50 + 0.02 * t + 8 * torch.sin(t * 6.283 / 7) + 4 * torch.sin(t * 6.283 / 90) + torch.randn(1500)
windows = series.unfold(0, 35, 1)
train, val = windows[:1100], windows[1200:]


class Forecaster(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Sequential(nn.Conv1d(1, 16, 7), nn.ReLU(), nn.Conv1d(16, 16, 7), nn.ReLU())
        self.head = nn.Linear(16 * 16, 7)

    def forward(self, x):
        mean, std = x.mean(1, keepdim=True), x.std(1, keepdim=True) + 1e-5
        h = self.conv(((x - mean) / std)[:, None]).flatten(1)
        return self.head(h) * std + mean


net = Forecaster()
opt = torch.optim.Adam(net.parameters(), lr=1e-3)
plan = torch.optim.lr_scheduler.ReduceLROnPlateau(opt, patience=2, factor=0.5)
for epoch in range(10):
    net.train()
    for i in torch.randperm(len(train)).split(32):
        loss = nn.functional.huber_loss(net(train[i, :28]), train[i, 28:])
        opt.zero_grad()
        loss.backward()
        opt.step()
    net.eval()
    with torch.no_grad():
        v = nn.functional.l1_loss(net(val[:, :28]), val[:, 28:])
    plan.step(v)
    print(epoch, v.item())
