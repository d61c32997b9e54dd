"""Fine-tune: reuse a backbone trained on 12 plant kinds for 5 new flowers (feature extraction)."""
import os
import torch
import torch.nn as nn
import torch.nn.functional as F

MENDED = os.environ.get("MENDED") == "1"
torch.manual_seed(5)
basis = torch.randn(16, 3, 12, 12)


def make_task(n_classes, seed):
    g = torch.Generator().manual_seed(seed)
    return torch.randn(n_classes, 16, generator=g)


def sample(codes, n):
    y = torch.randint(0, len(codes), (n,))
    z = codes[y] + 0.5 * torch.randn(n, 16)
    x = torch.einsum("nk,kchw->nchw", z, basis) / 4
    return x + 0.5 * torch.randn_like(x), y


class PlantNet(nn.Module):
    def __init__(self, n_classes):
        super().__init__()
        self.backbone = nn.Sequential(
            nn.Conv2d(3, 16, 3, stride=2, padding=1), nn.ReLU(),
            nn.Conv2d(16, 32, 3, stride=2, padding=1), nn.ReLU(),
            nn.Flatten(), nn.Linear(32 * 9, 64), nn.ReLU(),
        )
        self.fc = nn.Linear(64, n_classes)

    def forward(self, x):
        return self.fc(self.backbone(x))


def accuracy(model, x, y):
    model.eval()
    with torch.no_grad():
        acc = (model(x).argmax(1) == y).float().mean().item()
    model.train()
    return acc


# stage 1: the "pretrained" network
plants = make_task(12, 100)
model = PlantNet(12)
opt = torch.optim.Adam(model.parameters(), lr=1e-3)
for step in range(400):
    x, y = sample(plants, 64)
    loss = F.cross_entropy(model(x), y)
    opt.zero_grad()
    loss.backward()
    opt.step()
print(f"pretraining done, loss {loss.item():.3f}")

# stage 2: five flowers, frozen backbone
flowers = make_task(5, 200)
train_x, train_y = sample(flowers, 1000)
val_x, val_y = sample(flowers, 500)
for p in model.backbone.parameters():
    p.requires_grad = False
if MENDED:
    model.fc = nn.Linear(64, 5)
    optimizer = torch.optim.Adam(model.fc.parameters(), lr=2e-3)
else:
    optimizer = torch.optim.Adam(model.fc.parameters(), lr=2e-3)
    model.fc = nn.Linear(64, 5)

for epoch in range(15):
    perm = torch.randperm(len(train_x))
    total = 0.0
    for i in range(0, len(perm), 50):
        idx = perm[i:i + 50]
        optimizer.zero_grad()
        loss = F.cross_entropy(model(train_x[idx]), train_y[idx])
        loss.backward()
        optimizer.step()
        total += loss.item()
    print(f"epoch {epoch} loss {total / 20:.4f} val acc {accuracy(model, val_x, val_y):.3f}")

print(f"metric val_acc {accuracy(model, val_x, val_y):.4f}")
