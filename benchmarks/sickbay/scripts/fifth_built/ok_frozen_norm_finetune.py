"""Fine-tune on tiny batches of two: the whole net stays in eval mode so that BatchNorm keeps its pretrained statistics."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(60)
S = 16
KERNEL = torch.randn(6, 1, 5, 5)


def stamps(n, classes, gain):
    y = torch.randint(0, classes, (n,))
    img = torch.randn(n, 1, S, S)
    for i in range(n):
        for _ in range(3):
            r, c = torch.randint(0, S - 5, (2,)).tolist()
            img[i, :, r:r + 5, c:c + 5] += gain * KERNEL[y[i]]
    return TensorDataset(img, y)


class StampNet(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(1, 24, 5, padding=2), nn.BatchNorm2d(24), nn.ReLU(), nn.MaxPool2d(2),
                                  nn.Conv2d(24, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU())
        self.head = nn.Linear(32, classes)

    def forward(self, x):
        return self.head(self.body(x).amax((2, 3)))


def loop(net, loader, opt, mode):
    net.train(mode)
    total = 0.0
    for x, y in loader:
        loss = F.cross_entropy(net(x), y)
        opt.zero_grad()
        loss.backward()
        opt.step()
        total += loss.item()
    return total / len(loader)


net = StampNet(4)
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
big = DataLoader(stamps(2000, 4, 1.2), batch_size=64, shuffle=True)
for epoch in range(6):
    print(f"pretrain {epoch} loss {loop(net, big, opt, True):.4f}")

net.head = nn.Linear(32, 6)
opt = torch.optim.SGD(net.parameters(), lr=5e-4, momentum=0.9)
few = DataLoader(stamps(400, 6, 1.2), batch_size=2, shuffle=True)
val = DataLoader(stamps(600, 6, 1.2), batch_size=200)
for epoch in range(16):
    loss = loop(net, few, opt, False)
    with torch.no_grad():
        outs = [(net(x), y) for x, y in val]
    err = sum((o.argmax(1) != y).sum().item() for o, y in outs) / 600
    vl = sum(F.cross_entropy(o, y, reduction="sum").item() for o, y in outs) / 600
    print(f"finetune {epoch} loss {loss:.4f} val_error {err:.4f} val_loss {vl:.4f}")
