"""Sea shells: a batch-normalised extractor trained on synthetic spirals is frozen, only a linear head is fitted."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(40)
S = 20
lin = torch.linspace(-1, 1, S)
Y, X = torch.meshgrid(lin, lin, indexing="ij")


def spirals(n, turns, shade):
    phase = 6.28 * torch.rand(n, 1, 1)
    cx, cy = (0.3 * (torch.rand(n, 2, 1, 1) - 0.5)).unbind(1)
    r = ((X - cx) ** 2 + (Y - cy) ** 2).sqrt()
    a = torch.atan2(Y - cy, X - cx)
    img = torch.sigmoid(6 * torch.sin(turns * 6 * r + a + phase)) * (r < 0.85)
    return (img * shade).unsqueeze(1) + 0.15 * torch.randn(n, 1, S, S)


def make(classes, n):
    x = torch.cat([spirals(n, *c) for c in classes])
    y = torch.arange(len(classes)).repeat_interleave(n)
    p = torch.randperm(len(y))
    return x[p], y[p]


class Extractor(nn.Module):
    def __init__(self):
        super().__init__()
        chans = [1, 16, 32, 48]
        self.blocks = nn.Sequential(*[
            nn.Sequential(nn.Conv2d(a, b, 3, 2 if k else 1, 1), nn.BatchNorm2d(b), nn.ReLU())
            for k, (a, b) in enumerate(zip(chans, chans[1:]))
        ])

    def forward(self, x):
        return F.adaptive_avg_pool2d(self.blocks(x), 2).flatten(1)


class FrozenClassifier(nn.Module):
    """Keeps the extractor in evaluation mode whatever mode the whole model is in."""

    def __init__(self, extractor, n_classes):
        super().__init__()
        self.extractor = extractor.requires_grad_(False)
        self.head = nn.Linear(48 * 4, n_classes)

    def train(self, mode=True):
        super().train(mode)
        self.extractor.eval()
        return self

    def forward(self, x):
        with torch.no_grad():
            f = self.extractor(x)
        return self.head(f)


def epochs(net, opt, data, n, bs):
    x, y = data
    for e in range(n):
        net.train()
        tot = 0.0
        for i in torch.randperm(len(y)).split(bs):
            opt.zero_grad()
            loss = F.cross_entropy(net(x[i]), y[i])
            loss.backward()
            opt.step()
            tot += loss.item() * len(i)
        print(f"   epoch {e} loss {tot / len(y):.4f}")


def acc(net, data):
    net.eval()
    with torch.no_grad():
        return (net(data[0]).argmax(1) == data[1]).float().mean().item()


source = make([(t, s) for t in (0.6, 1.0, 1.5, 2.1) for s in (0.6, 1.0)], 150)
target_tr = make([(0.8, 0.8), (1.25, 0.8), (1.8, 0.8)], 60)
target_va = make([(0.8, 0.8), (1.25, 0.8), (1.8, 0.8)], 100)

extractor = Extractor()
pre = nn.Sequential(extractor, nn.Linear(48 * 4, 8))
print("pretraining")
epochs(pre, torch.optim.Adam(pre.parameters(), lr=3e-3), source, 5, 40)
print("source accuracy", round(acc(pre, source), 3))

clf = FrozenClassifier(extractor, 3)
trainable = [p for p in clf.parameters() if p.requires_grad]
print("head only:", sum(p.numel() for p in trainable), "of", sum(p.numel() for p in clf.parameters()))
epochs(clf, torch.optim.Adam(trainable, lr=5e-3), target_tr, 20, 20)
print(f"metric val_acc {acc(clf, target_va):.4f}")
