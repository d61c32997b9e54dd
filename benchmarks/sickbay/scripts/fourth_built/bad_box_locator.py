# Single object localisation, predicts one box (x1, y1, x2, y2) in pixels for a 64x64 picture
import torch
import torch.nn as nn
import torch.nn.functional as F

S = 64
torch.manual_seed(25)


def scenes(n):
    x = 0.2 * torch.randn(n, 1, S, S)
    boxes = torch.zeros(n, 4)
    for i in range(n):
        w, h = torch.randint(12, 28, (2,)).tolist()
        x1 = torch.randint(6, S - w, (1,)).item()
        y1 = torch.randint(6, S - h, (1,)).item()
        x[i, 0, y1:y1 + h, x1:x1 + w] += 1
        boxes[i] = torch.tensor([x1, y1, x1 + w, y1 + h]).float()
    return x, boxes


def area(b):
    return (b[:, 2] - b[:, 0]).clamp(min=0) * (b[:, 3] - b[:, 1]).clamp(min=0)


def iou(a, b):
    lt = torch.max(a[:, :2], b[:, :2])
    rb = torch.min(a[:, 2:], b[:, 2:])
    wh = (rb - lt).clamp(min=0)
    inter = wh[:, 0] * wh[:, 1]
    return inter / (area(a) + area(b) - inter + 1e-6)


class Locator(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1 = nn.Conv2d(1, 8, 5, stride=2, padding=2)
        self.c2 = nn.Conv2d(8, 16, 3, stride=2, padding=1)
        self.c3 = nn.Conv2d(16, 16, 3, stride=2, padding=1)
        self.fc = nn.Linear(16 * 64, 64)
        self.out = nn.Linear(64, 4)

    def forward(self, x):
        x = F.relu(self.c3(F.relu(self.c2(F.relu(self.c1(x))))))
        o = self.out(F.relu(self.fc(x.flatten(1))))
        xy, wh = o[:, :2], F.softplus(o[:, 2:])
        return torch.cat([xy, xy + wh], 1)


def box_loss(pred, target):
    return (1 - iou(pred, target)).mean()


train_x, train_b = scenes(1500)
val_x, val_b = scenes(300)
net = Locator()
opt = torch.optim.Adam(net.parameters(), lr=1e-3)
for epoch in range(14):
    total = 0.0
    for idx in torch.randperm(1500).split(50):
        loss = box_loss(net(train_x[idx]), train_b[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
        total += loss.item() * len(idx)
    with torch.no_grad():
        v = iou(net(val_x), val_b)
    print(f"epoch {epoch:2d} loss {total / 1500:.4f} val mean IoU {v.mean():.4f} IoU>0.5: {(v > 0.5).float().mean():.3f}")
