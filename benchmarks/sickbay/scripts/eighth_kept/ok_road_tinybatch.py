"""Road extraction from aerial tiles: two tiles at a time, group norm, Dice plus BCE, easy tiles first."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(190)
S = 32
lin = torch.linspace(-1, 1, S)
Y, X = torch.meshgrid(lin, lin, indexing="ij")


def tile(noise):
    a, off, bend = 3.14 * torch.rand(1), 0.8 * (torch.rand(1) - 0.5), 0.4 * torch.randn(1)
    u, v = X * a.cos() + Y * a.sin(), -X * a.sin() + Y * a.cos()
    road = ((v - off - bend * u ** 2).abs() < 0.09).float()
    ground = 0.5 + 0.2 * torch.sin(5 * X + 6 * torch.rand(1)) * torch.cos(5 * Y + 6 * torch.rand(1))
    tree = ((X - torch.randn(1)) ** 2 + (Y - torch.randn(1)) ** 2 < 0.08).float()
    img = ground * (1 - road) + 0.85 * road
    img = img * (1 - tree) + 0.2 * tree
    return img.unsqueeze(0) + noise * torch.randn(1, S, S), road.unsqueeze(0)


def collection(n, levels):
    items = [(tile(lv), lv) for lv in levels[torch.arange(n) % len(levels)].tolist()]
    items.sort(key=lambda it: it[1])
    return torch.stack([it[0][0] for it in items]), torch.stack([it[0][1] for it in items])


def gn(i, o, stride=1):
    return nn.Sequential(nn.Conv2d(i, o, 3, stride, 1, bias=False), nn.GroupNorm(4, o), nn.ReLU())


class RoadNet(nn.Module):
    def __init__(self, w=12):
        super().__init__()
        self.a, self.b, self.c = gn(1, w), gn(w, 2 * w, 2), gn(2 * w, 4 * w, 2)
        self.d = gn(4 * w, 4 * w)
        self.e, self.f = gn(6 * w, 2 * w), gn(3 * w, w)
        self.out = nn.Conv2d(w, 1, 1)

    def forward(self, x):
        a = self.a(x)
        b = self.b(a)
        c = self.d(self.c(b))
        up = lambda t: F.interpolate(t, scale_factor=2, mode="bilinear", align_corners=False)
        return self.out(self.f(torch.cat([up(self.e(torch.cat([up(c), b], 1))), a], 1)))


def soft_dice(logit, mask):
    p = logit.sigmoid().flatten(1)
    m = mask.flatten(1)
    return (1 - (2 * (p * m).sum(1) + 1) / (p.sum(1) + m.sum(1) + 1)).mean()


def iou(net, x, m):
    net.eval()
    with torch.no_grad():
        p = net(x) > 0
    return ((p & (m > 0)).sum() / (p | (m > 0)).sum()).item()


train_x, train_m = collection(240, torch.tensor([0.05, 0.1, 0.15, 0.2]))
val_x, val_m = collection(80, torch.tensor([0.05, 0.1, 0.15, 0.2]))
net = RoadNet()
opt = torch.optim.AdamW(net.parameters(), lr=2e-3)
for epoch in range(6):
    net.train()
    available = min(len(train_x), 80 + 60 * epoch)
    order = torch.randperm(available)
    total = 0.0
    for k in range(0, available - 1, 2):
        idx = order[k:k + 2]
        logit = net(train_x[idx])
        loss = soft_dice(logit, train_m[idx]) + F.binary_cross_entropy_with_logits(logit, train_m[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
        total += loss.item()
    if epoch == 3:
        opt.param_groups[0]["lr"] = 6e-4
    print(f"epoch {epoch} tiles {available} loss {2 * total / available:.4f} iou {iou(net, val_x, val_m):.4f}")
print(f"metric val_iou {iou(net, val_x, val_m):.4f}")
