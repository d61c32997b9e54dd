"""Name the solid that a point cloud was sampled from, with a small PointNet."""
import os
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

MENDED = os.environ.get("MENDED") == "1"
torch.manual_seed(23)
N_POINTS = 64
NAMES = ["ball", "box", "rod", "plate", "ellipsoid", "cone"]


def sample_cloud(kind):
    p = torch.randn(N_POINTS, 3)
    if kind == 0:
        p = F.normalize(p, dim=1)
    elif kind == 1:
        p = torch.rand(N_POINTS, 3) * 2 - 1
        axis = torch.randint(0, 3, (N_POINTS,))
        p[torch.arange(N_POINTS), axis] = torch.sign(p[torch.arange(N_POINTS), axis])
    elif kind == 2:
        p = torch.cat([0.2 * F.normalize(p[:, :2], dim=1), torch.rand(N_POINTS, 1) * 2 - 1], 1)
    elif kind == 3:
        p = torch.cat([torch.rand(N_POINTS, 2) * 2 - 1, 0.05 * p[:, 2:]], 1)
    elif kind == 4:
        p = F.normalize(p, dim=1) * torch.tensor([1.0, 0.7, 0.5])
    else:
        h = torch.rand(N_POINTS, 1)
        p = torch.cat([(1 - h) * F.normalize(p[:, :2], dim=1), 2 * h - 1], 1)
    a = 6.28 * torch.rand(1)
    rot = torch.tensor([[a.cos(), -a.sin(), 0.0], [a.sin(), a.cos(), 0.0], [0.0, 0.0, 1.0]])
    return p @ rot * (0.8 + 0.4 * torch.rand(1)) + 0.03 * torch.randn(N_POINTS, 3)


def make_set(per_class):
    labels = torch.arange(len(NAMES)).repeat_interleave(per_class)
    clouds = torch.stack([sample_cloud(int(k)) for k in labels])
    return clouds.transpose(1, 2).contiguous(), labels


class PointNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1, self.c2, self.c3 = nn.Conv1d(3, 32, 1), nn.Conv1d(32, 64, 1), nn.Conv1d(64, 96, 1)
        self.b1, self.b2, self.b3 = nn.BatchNorm1d(32), nn.BatchNorm1d(64), nn.BatchNorm1d(96)
        self.fc1, self.bn = nn.Linear(96, 48), nn.BatchNorm1d(48)
        self.drop = nn.Dropout(0.3)
        self.fc2 = nn.Linear(48, len(NAMES))

    def forward(self, x):
        x = F.relu(self.b1(self.c1(x)))
        x = F.relu(self.b2(self.c2(x)))
        x = F.relu(self.b3(self.c3(x)))
        x = x.max(dim=2).values
        x = F.relu(self.bn(self.fc1(x)))
        return self.fc2(self.drop(x))


train_loader = DataLoader(TensorDataset(*make_set(250)), batch_size=32, shuffle=True)
val_loader = DataLoader(TensorDataset(*make_set(64)), batch_size=32, shuffle=False)
model = PointNet()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, weight_decay=1e-4)


def validate():
    if MENDED:
        model.eval()
    correct, total, loss_sum = 0, 0, 0.0
    with torch.no_grad():
        for clouds, labels in val_loader:
            logits = model(clouds)
            loss_sum += F.cross_entropy(logits, labels, reduction="sum").item()
            correct += (logits.argmax(1) == labels).sum().item()
            total += len(labels)
    return loss_sum / total, correct / total


for epoch in range(10):
    model.train()
    running, hits, seen = 0.0, 0, 0
    for clouds, labels in train_loader:
        optimizer.zero_grad()
        logits = model(clouds)
        loss = F.cross_entropy(logits, labels)
        loss.backward()
        optimizer.step()
        running += loss.item() * len(labels)
        hits += (logits.argmax(1) == labels).sum().item()
        seen += len(labels)
    val_loss, val_acc = validate()
    print(f"epoch {epoch} train loss {running / seen:.4f} acc {hits / seen:.3f} val loss {val_loss:.4f} acc {val_acc:.3f}")

print(f"metric val_acc {val_acc:.4f}")
