"""Surface inspection: is there a scratch on this metal patch?

Validation goes image by image, the way the production line will deliver them.
"""
import torch
from torch import nn
from torch.utils.data import TensorDataset, DataLoader

torch.manual_seed(33)


def patches(n):
    y = torch.randint(0, 2, (n,))
    x = torch.randn(n, 1, 20, 20) * 0.5
    for i in range(n):
        if y[i]:
            r = torch.randint(0, 17, (1,)).item()
            x[i, 0, r:r + 3, :] += 0.6
        else:
            x[i, 0] += 0.09
    return x, y


class ResBlock(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.net = nn.Sequential(nn.Conv2d(c, c, 3, padding=1, bias=False), nn.BatchNorm2d(c), nn.ReLU(),
                                 nn.Conv2d(c, c, 3, padding=1, bias=False), nn.BatchNorm2d(c))

    def forward(self, x):
        return torch.relu(x + self.net(x))


model = nn.Sequential(
    nn.Conv2d(1, 16, 5, stride=2, padding=2, bias=False), nn.BatchNorm2d(16), nn.ReLU(),
    ResBlock(16),
    nn.Conv2d(16, 32, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(32), nn.ReLU(),
    ResBlock(32),
    nn.AdaptiveMaxPool2d(1), nn.Flatten(),
    nn.Linear(32, 2))

train_loader = DataLoader(TensorDataset(*patches(1200)), batch_size=48, shuffle=True)
val_loader = DataLoader(TensorDataset(*patches(300)), batch_size=1)
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
criterion = nn.CrossEntropyLoss()

for epoch in range(8):
    seen = hits = 0
    total = 0.0
    for x, y in train_loader:
        optimizer.zero_grad()
        logits = model(x)
        loss = criterion(logits, y)
        loss.backward()
        optimizer.step()
        seen += len(y)
        hits += (logits.argmax(1) == y).sum().item()
        total += loss.item() * len(y)

    val_hits, val_loss = 0, 0.0
    with torch.no_grad():
        for x, y in val_loader:
            logits = model(x)
            val_loss += criterion(logits, y).item()
            val_hits += (logits.argmax(1) == y).sum().item()
    print(f"[{epoch}] train loss {total / seen:.4f} acc {hits / seen:.3f} | val loss {val_loss / 300:.4f} acc {val_hits / 300:.3f}")
