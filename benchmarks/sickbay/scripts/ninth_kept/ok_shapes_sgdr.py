"""Shape recognition, SGD with large steps and warm restarts."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(8)


def shapes(n):
    y = torch.randint(0, 3, (n,))
    g = torch.arange(16.)
    yy, xx = torch.meshgrid(g, g, indexing="ij")
    c = 6 + 4 * torch.rand(n, 2, 1, 1)
    r = 3 + 2 * torch.rand(n, 1, 1)
    dx, dy = (xx - c[:, 0]).abs(), (yy - c[:, 1]).abs()
    sq = torch.maximum(dx, dy) < r
    ci = (dx ** 2 + dy ** 2) < r ** 2
    di = (dx + dy) < r * 1.2
    m = torch.stack([sq, ci, di], 1)[torch.arange(n), y].float()
    return (m + 0.3 * torch.randn(n, 16, 16))[:, None], y


net = nn.Sequential(
    nn.Conv2d(1, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
    nn.Conv2d(16, 32, 3, padding=1, bias=False), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
    nn.Flatten(), nn.Linear(32 * 16, 3))
xt, yt = shapes(1500)
xv, yv = shapes(500)
EPOCHS, PER = 14, 30
opt = torch.optim.SGD(net.parameters(), lr=0.2, momentum=0.9, nesterov=True, weight_decay=5e-4)
sched = torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(opt, T_0=2 * PER, T_mult=2, eta_min=1e-3)
for ep in range(EPOCHS):
    net.train()
    s = 0
    for i in torch.randperm(1500).split(50):
        loss = F.cross_entropy(net(xt[i]), yt[i])
        opt.zero_grad(); loss.backward(); opt.step(); sched.step()
        s += loss.item() / PER
    net.eval()
    with torch.no_grad():
        acc = (net(xv).argmax(1) == yv).float().mean().item()
    print(f"epoch {ep} lr {opt.param_groups[0]['lr']:.4f} loss {s:.4f} val_acc {acc:.4f}")
print("metric val_acc %.4f" % acc)
