"""Low-rank adapters for a classifier whose sensor frame has been turned."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(1)
Wt = torch.randn(32, 10)
skew = torch.randn(32, 32)
shift = torch.matrix_exp(.07 * (skew - skew.T))


def base_data(n):
    x = torch.randn(n, 32)
    return x, torch.tanh(x @ Wt).argmax(1)


def new_data(n):
    x = torch.randn(n, 32)
    return x @ shift, torch.tanh(x @ Wt).argmax(1)


class LoRALinear(nn.Module):
    def __init__(self, base, r=6):
        super().__init__()
        self.base = base.requires_grad_(False)
        self.A = nn.Parameter(torch.randn(r, base.in_features) / base.in_features ** .5)
        self.B = nn.Parameter(torch.zeros(base.out_features, r))

    def forward(self, x):
        return self.base(x) + 2.0 * (x @ self.A.T @ self.B.T)


net = nn.Sequential(nn.Linear(32, 96), nn.ReLU(), nn.Linear(96, 96), nn.ReLU(), nn.Linear(96, 10))
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
for i in range(400):
    x, y = base_data(128)
    loss = F.cross_entropy(net(x), y)
    opt.zero_grad(); loss.backward(); opt.step()
print("pre-training loss", round(loss.item(), 4))

for i in (0, 2, 4):
    net[i] = LoRALinear(net[i])
trainable = [p for p in net.parameters() if p.requires_grad]
print("trainable", sum(p.numel() for p in trainable), "of", sum(p.numel() for p in net.parameters()))
xv, yv = new_data(1000)
opt = torch.optim.AdamW(trainable, lr=4e-3, weight_decay=0.0)
for i in range(501):
    x, y = new_data(128)
    loss = F.cross_entropy(net(x), y)
    opt.zero_grad(); loss.backward(); opt.step()
    if i % 100 == 0:
        with torch.no_grad():
            acc = (net(xv).argmax(1) == yv).float().mean().item()
        print("adapter step", i, "loss", round(loss.item(), 4), "acc", round(acc, 4))
print("metric val_acc", round(acc, 4))
