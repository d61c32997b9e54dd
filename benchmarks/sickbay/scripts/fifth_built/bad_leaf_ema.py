"""Leaf disease classifier (small CNN); validation uses an exponential moving average of the weights."""
import copy
import os
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

MENDED = os.environ.get("MENDED") == "1"
torch.manual_seed(17)
CLASSES, S = 6, 20
PATTERN = torch.randn(CLASSES, 3, 5, 5)


def leaves(n):
    y = torch.randint(0, CLASSES, (n,))
    img = 3.0 + 1.2 * torch.randn(n, 3, S, S)
    for i in range(n):
        for _ in range(4):
            a, b = torch.randint(0, S - 5, (2,)).tolist()
            img[i, :, a:a + 5, b:b + 5] += 1.3 * PATTERN[y[i]]
    return TensorDataset(img, y)


def conv_bn(i, o, stride=1):
    return nn.Sequential(nn.Conv2d(i, o, 3, stride, 1, bias=False), nn.BatchNorm2d(o), nn.ReLU(inplace=True))


class LeafNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(conv_bn(3, 16), conv_bn(16, 32, 2), conv_bn(32, 32, 2))
        self.fc = nn.Linear(32, CLASSES)

    def forward(self, x):
        return self.fc(self.features(x).mean((2, 3)))


class ModelEMA:
    def __init__(self, model, decay=0.98):
        self.module = copy.deepcopy(model).eval()
        self.decay = decay
        for p in self.module.parameters():
            p.requires_grad_(False)

    @torch.no_grad()
    def update(self, model):
        for e, p in zip(self.module.parameters(), model.parameters()):
            e.mul_(self.decay).add_(p, alpha=1 - self.decay)
        if MENDED:
            for e, b in zip(self.module.buffers(), model.buffers()):
                e.copy_(b)


@torch.no_grad()
def validate(net, loader):
    net.eval()
    loss, hit, n = 0.0, 0, 0
    for x, y in loader:
        out = net(x)
        loss += nn.functional.cross_entropy(out, y, reduction="sum").item()
        hit += (out.argmax(1) == y).sum().item()
        n += len(y)
    return loss / n, hit / n


train_loader = DataLoader(leaves(1500), batch_size=50, shuffle=True)
val_loader = DataLoader(leaves(400), batch_size=100)
model = LeafNet()
ema = ModelEMA(model)
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-4)

for epoch in range(10):
    model.train()
    seen = 0.0
    for x, y in train_loader:
        loss = nn.functional.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        ema.update(model)
        seen += loss.item()
    val_loss, val_acc = validate(ema.module, val_loader)
    print(f"[{epoch:02d}] train loss {seen / len(train_loader):.4f} | ema val acc {val_acc:.3f} val_loss {val_loss:.4f}")
