"""Single-object localisation trained with generalised IoU."""
import os
import torch
import torch.nn as nn

MENDED = bool(os.environ.get("MENDED"))
torch.manual_seed(31)
R = 24


def scenes(n):
    wh = torch.empty(n, 2).uniform_(0.2, 0.5)
    c = wh / 2 + torch.rand(n, 2) * (1 - wh)
    g = (torch.arange(R).float() + 0.5) / R
    inx = ((g[None] - c[:, :1]).abs() < wh[:, :1] / 2).float()
    iny = ((g[None] - c[:, 1:]).abs() < wh[:, 1:] / 2).float()
    img = iny[:, :, None] * inx[:, None, :] + 0.2 * torch.randn(n, R, R)
    return img[:, None], torch.cat([c, wh], 1)          # cx, cy, w, h


def to_corners(b):
    return torch.cat([b[:, :2] - b[:, 2:] / 2, b[:, :2] + b[:, 2:] / 2], 1)


def giou(a, b, eps=1e-7):
    """row-wise generalised IoU"""
    lt, rb = torch.max(a[:, :2], b[:, :2]), torch.min(a[:, 2:], b[:, 2:])
    inter = (rb - lt).clamp(min=0).prod(1)
    area = lambda t: (t[:, 2:] - t[:, :2]).clamp(min=0).prod(1)
    union = area(a) + area(b) - inter
    iou = inter / (union + eps)
    hull = (torch.max(a[:, 2:], b[:, 2:]) - torch.min(a[:, :2], b[:, :2])).clamp(min=0).prod(1)
    return iou - (hull - union) / (hull + eps), iou


class Detector(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 16, 3, 2, 1), nn.ReLU(),
            nn.Conv2d(16, 32, 3, 2, 1), nn.ReLU(), nn.Flatten())
        self.box = nn.Sequential(nn.Linear(32 * 36, 64), nn.ReLU(), nn.Linear(64, 4), nn.Sigmoid())

    def forward(self, x):
        return self.box(self.features(x))


class Trainer:
    def __init__(self):
        self.model = Detector()
        self.opt = torch.optim.Adam(self.model.parameters(), lr=1e-3)
        self.train, self.val = scenes(2000), scenes(300)

    def loss(self, pred, target):
        if MENDED:
            pred, target = to_corners(pred), to_corners(target)
        return (1 - giou(pred, target)[0]).mean()

    def fit(self, epochs):
        x, y = self.train
        for ep in range(epochs):
            s = 0.0
            for i in torch.randperm(len(x)).split(50):
                l = self.loss(self.model(x[i]), y[i])
                self.opt.zero_grad()
                l.backward()
                self.opt.step()
                s += l.item() * len(i) / len(x)
            miou = self.evaluate()
            print(f"epoch {ep} giou_loss {s:.4f} val_miou {miou:.4f}")
        return miou

    @torch.no_grad()
    def evaluate(self):
        x, y = self.val
        return giou(to_corners(self.model(x)), to_corners(y))[1].mean().item()


print("metric val_miou %.4f" % Trainer().fit(15))
