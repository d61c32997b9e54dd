"""Transfer learning: pretrain a small CNN on coarse shapes, then train a new head for five flower classes."""
import os
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

MENDED = os.environ.get("MENDED") == "1"
torch.manual_seed(14)
S = 20


def petals(n, classes, seed, offset):
    g = torch.Generator().manual_seed(seed)
    y = torch.randint(0, classes, (n,), generator=g)
    yy, xx = torch.meshgrid(torch.linspace(-1, 1, S), torch.linspace(-1, 1, S), indexing="ij")
    theta, radius = torch.atan2(yy, xx), (xx ** 2 + yy ** 2).sqrt()
    k = (y + offset).view(-1, 1, 1)
    rim = 0.45 + 0.3 * torch.cos(k * (theta + 6.28 * torch.rand(n, 1, 1, generator=g)))
    img = torch.sigmoid(12 * (rim - radius)) + 0.35 * torch.randn(n, S, S, generator=g)
    return TensorDataset(img.unsqueeze(1), y)


class SmallNet(nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 16, 5, padding=2), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(32 * 25, 64), nn.ReLU())
        self.fc = nn.Linear(64, num_classes)

    def forward(self, x):
        return self.fc(self.features(x))


def fit(model, optimizer, loader, epochs, tag, val=None):
    for epoch in range(epochs):
        model.train()
        total = 0.0
        for x, y in loader:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item()
        line = f"{tag} epoch {epoch} loss {total / len(loader):.4f}"
        if val is not None:
            model.eval()
            with torch.no_grad():
                outs = [(model(x), y) for x, y in val]
            acc = sum((o.argmax(1) == y).sum().item() for o, y in outs) / len(val.dataset)
            val_loss = sum(F.cross_entropy(o, y, reduction="sum").item() for o, y in outs) / len(val.dataset)
            line += f" val_acc {acc:.3f} val_loss {val_loss:.4f}"
        print(line)


model = SmallNet(4)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
fit(model, optimizer, DataLoader(petals(2500, 4, 1, 2), batch_size=64, shuffle=True), 6, "pretrain")

for param in model.features.parameters():
    param.requires_grad = False
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
model.fc = nn.Linear(64, 5)
if MENDED:
    optimizer = torch.optim.Adam(model.fc.parameters(), lr=2e-3)

train_loader = DataLoader(petals(1500, 5, 2, 2), batch_size=32, shuffle=True)
val_loader = DataLoader(petals(600, 5, 3, 2), batch_size=200)
fit(model, optimizer, train_loader, 15, "finetune", val_loader)
