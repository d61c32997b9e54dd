"""Transfer learning: backbone pretrained on 8 texture classes, re-used for 5 new ones."""
import math
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(2)


def textures(n, freqs):
    yy, xx = torch.meshgrid(torch.arange(20.), torch.arange(20.), indexing="ij")
    labels = torch.randint(0, len(freqs), (n,))
    imgs = []
    for c in labels.tolist():
        f, ang = freqs[c]
        ph = torch.rand(1) * 6.28
        imgs.append(torch.sin(f * (math.cos(ang) * xx + math.sin(ang) * yy) + ph) + 0.4 * torch.randn(20, 20))
    return torch.stack(imgs)[:, None], labels


class SmallResNet(nn.Module):
    def __init__(self, n_classes):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 16, 5, padding=2), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.fc = nn.Linear(32, n_classes)

    def forward(self, x):
        return self.fc(self.features(x))


def batches(x, y, bs=64):
    for idx in torch.randperm(len(x)).split(bs):
        yield x[idx], y[idx]


def accuracy(model, x, y):
    model.eval()
    with torch.no_grad():
        return (model(x).argmax(1) == y).float().mean().item()


def pretrain():
    freqs = [(0.4 + 0.25 * i, 0.39 * i) for i in range(8)]
    x, y = textures(1600, freqs)
    m = SmallResNet(8)
    opt = torch.optim.Adam(m.parameters(), lr=2e-3)
    for ep in range(5):
        m.train()
        for xb, yb in batches(x, y):
            opt.zero_grad()
            F.cross_entropy(m(xb), yb).backward()
            opt.step()
    print("source task accuracy: %.3f" % accuracy(m, x, y))
    return m


model = pretrain()
new_freqs = [(0.5, 2.2), (0.9, 1.0), (1.3, 2.6), (1.7, 0.2), (2.2, 1.8)]
xtr, ytr = textures(800, new_freqs)
xva, yva = textures(300, new_freqs)

for p in model.features.parameters():
    p.requires_grad = False
optimizer = torch.optim.Adam(filter(lambda p: p.requires_grad, model.parameters()), lr=5e-3)
model.fc = nn.Linear(model.fc.in_features, len(new_freqs))
criterion = nn.CrossEntropyLoss()

for epoch in range(15):
    model.train()
    tot = 0.
    for xb, yb in batches(xtr, ytr, 32):
        optimizer.zero_grad()
        loss = criterion(model(xb), yb)
        loss.backward()
        optimizer.step()
        tot += loss.item() * len(xb)
    print("Epoch {}: loss {:.4f} val acc {:.3f}".format(epoch, tot / len(xtr), accuracy(model, xva, yva)))
