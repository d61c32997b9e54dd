"""Transfer learning: a backbone learned on garden photos is reused for five wild flower species."""
import os
import torch
import torch.nn as nn
import torch.nn.functional as F

MENDED = bool(os.environ.get("MENDED"))
torch.manual_seed(1)
SIZE = 20
yy, xx = torch.meshgrid(torch.linspace(-1, 1, SIZE), torch.linspace(-1, 1, SIZE), indexing="ij")
ANGLE, RADIUS = torch.atan2(yy, xx), (xx ** 2 + yy ** 2).sqrt()


def draw(petals, hue, n):
    """n pictures of a flower with the given petal count and hue."""
    phase = 6.28 * torch.rand(n, 1, 1)
    size = 0.55 + 0.25 * torch.rand(n, 1, 1)
    edge = size * (0.65 + 0.35 * torch.cos(petals * ANGLE + phase))
    mask = torch.sigmoid(20 * (edge - RADIUS))
    color = torch.tensor([0.5 + 0.5 * hue, 0.6 - 0.4 * hue, 0.5]).view(1, 3, 1, 1)
    return mask.unsqueeze(1) * color + 0.15 * torch.randn(n, 3, SIZE, SIZE)


def dataset(species, per_class):
    xs = torch.cat([draw(p, h, per_class) for p, h in species])
    ys = torch.arange(len(species)).repeat_interleave(per_class)
    order = torch.randperm(len(ys))
    return xs[order], ys[order]


GARDEN = [(p, h) for p in (3, 4, 5, 6) for h in (0.0, 1.0)]
WILD = [(3, 0.5), (5, 0.2), (4, 0.8), (7, 0.5), (6, 0.3)]


class SmallResNet(nn.Module):
    def __init__(self, n_out):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 24, 3, 2, 1), nn.GroupNorm(4, 24), nn.ReLU())
        self.block1 = nn.Sequential(nn.Conv2d(24, 24, 3, 1, 1), nn.GroupNorm(4, 24), nn.ReLU(), nn.Conv2d(24, 24, 3, 1, 1))
        self.down = nn.Sequential(nn.Conv2d(24, 48, 3, 2, 1), nn.GroupNorm(4, 48), nn.ReLU())
        self.block2 = nn.Sequential(nn.Conv2d(48, 48, 3, 1, 1), nn.GroupNorm(4, 48), nn.ReLU(), nn.Conv2d(48, 48, 3, 1, 1))
        self.fc = nn.Linear(48 * 25, n_out)

    def forward(self, x):
        x = self.stem(x)
        x = F.relu(x + self.block1(x))
        x = self.down(x)
        x = F.relu(x + self.block2(x))
        return self.fc(x.flatten(1))


def run(model, optimizer, x, y, epochs, tag):
    for ep in range(epochs):
        total = 0.0
        for idx in torch.randperm(len(y)).split(32):
            loss = F.cross_entropy(model(x[idx]), y[idx])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(idx)
        print(f"{tag} epoch {ep} loss {total / len(y):.4f}")


def accuracy(model, x, y):
    with torch.no_grad():
        return (model(x).argmax(1) == y).float().mean().item()


# stage 1: garden flowers
model = SmallResNet(len(GARDEN))
gx, gy = dataset(GARDEN, 160)
run(model, torch.optim.Adam(model.parameters(), lr=2e-3), gx, gy, 5, "garden")
print("garden accuracy", round(accuracy(model, gx, gy), 3))

# stage 2: wild flowers
wx, wy = dataset(WILD, 90)
vx, vy = dataset(WILD, 60)
for p in model.parameters():
    p.requires_grad = False
head = nn.Linear(model.fc.in_features, len(WILD))
model.fc.requires_grad_(True)
if MENDED:
    model.fc = head
optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=3e-3)
model.fc = head
run(model, optimizer, wx, wy, 12, "wild")
print(f"metric val_acc {accuracy(model, vx, vy):.4f}")
