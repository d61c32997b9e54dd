"""A multi-branch classifier that keeps one encoder per sensor in a plain dict."""
import os
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(13)
SENSORS = ("accel", "gyro", "sound")
N = 1500
raw = {s: torch.randn(N, 10) for s in SENSORS}
W = {s: torch.randn(10, 2) for s in SENSORS}
codes = torch.stack([(raw[s] @ W[s]).prod(1) > 0 for s in SENSORS], 1).long()
label = (codes * torch.tensor([1, 2, 4])).sum(1)


class Fusion(nn.Module):
    def __init__(self):
        super().__init__()
        enc = {s: nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Linear(32, 4), nn.ReLU()) for s in SENSORS}
        if os.environ.get("MENDED"):
            enc = nn.ModuleDict(enc)
        self.encoders = enc
        self.classifier = nn.Sequential(nn.Linear(12, 32), nn.ReLU(), nn.Linear(32, 8))

    def forward(self, inputs):
        z = torch.cat([self.encoders[s](inputs[s]) for s in SENSORS], dim=1)
        return self.classifier(z)


net = Fusion()
opt = torch.optim.Adam(net.parameters(), lr=4e-3)
sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=20)
for epoch in range(20):
    order = torch.randperm(1200)
    total = 0
    for chunk in order.split(60):
        out = net({s: raw[s][chunk] for s in SENSORS})
        loss = F.cross_entropy(out, label[chunk])
        opt.zero_grad()
        loss.backward()
        opt.step()
        total += loss.item()
    sched.step()
    if epoch % 5 == 4:
        print("epoch", epoch + 1, "train loss", total / 20)
with torch.no_grad():
    out = net({s: raw[s][1200:] for s in SENSORS})
print("final val_loss", F.cross_entropy(out, label[1200:]).item())
