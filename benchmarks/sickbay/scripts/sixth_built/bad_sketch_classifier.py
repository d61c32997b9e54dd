"""Classify hand drawn sketches (30 kinds) with a small CNN."""
import os
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

MENDED = os.environ.get("MENDED") == "1"
torch.manual_seed(0)
N_CLASSES, SIZE = 30, 16


def make_sketches(n, templates):
    y = torch.randint(0, N_CLASSES, (n,))
    x = templates[y].clone()
    for i in range(n):
        dx, dy = torch.randint(-1, 2, (2,)).tolist()
        x[i] = torch.roll(x[i], (dx, dy), dims=(1, 2))
    x = x * (0.7 + 0.6 * torch.rand(n, 1, 1, 1)) + 0.5 * torch.randn_like(x)
    return x, y


class SketchNet(nn.Module):
    def __init__(self, n_classes):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 12, 3, padding=1)
        self.conv2 = nn.Conv2d(12, 24, 3, padding=1)
        self.bn1 = nn.BatchNorm2d(12)
        self.bn2 = nn.BatchNorm2d(24)
        self.fc1 = nn.Linear(24 * 4 * 4, 96)
        self.fc2 = nn.Linear(96, n_classes)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 2)
        x = F.max_pool2d(F.relu(self.bn2(self.conv2(x))), 2)
        x = F.relu(self.fc1(x.flatten(1)))
        x = self.fc2(x)
        if MENDED:
            return x
        return F.softmax(x, dim=1)


coarse = torch.randn(N_CLASSES, 1, 6, 6)
templates = F.interpolate(coarse, size=(SIZE, SIZE), mode="bilinear")
train_x, train_y = make_sketches(4000, templates)
val_x, val_y = make_sketches(1000, templates)
train_loader = DataLoader(TensorDataset(train_x, train_y), batch_size=64, shuffle=True)
val_loader = DataLoader(TensorDataset(val_x, val_y), batch_size=250)

model = SketchNet(N_CLASSES)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9, weight_decay=1e-4)
scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=8)


def evaluate():
    model.eval()
    correct, total, loss_sum = 0, 0, 0.0
    with torch.no_grad():
        for x, y in val_loader:
            out = model(x)
            loss_sum += criterion(out, y).item() * len(y)
            correct += (out.argmax(1) == y).sum().item()
            total += len(y)
    model.train()
    return loss_sum / total, correct / total


for epoch in range(8):
    running = 0.0
    for step, (x, y) in enumerate(train_loader):
        optimizer.zero_grad()
        out = model(x)
        loss = criterion(out, y)
        loss.backward()
        optimizer.step()
        running += loss.item()
    scheduler.step()
    val_loss, val_acc = evaluate()
    print(f"epoch {epoch} train loss {running / len(train_loader):.4f} val loss {val_loss:.4f} val acc {val_acc:.3f}")

print(f"metric val_acc {evaluate()[1]:.4f}")
