"""SimSiam on synthetic textures, then a linear probe on the normalised embeddings."""
import os
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

MENDED = os.environ.get("MENDED") == "1"
torch.manual_seed(6)
CLASSES, S = 12, 16
yy, xx = torch.meshgrid(torch.arange(S), torch.arange(S), indexing="ij")
FREQ = torch.rand(CLASSES, 2) * 1.6 + 0.2


def textures(n):
    y = torch.randint(0, CLASSES, (n,))
    f = FREQ[y] + 0.04 * torch.randn(n, 2)
    phase = 6.28 * torch.rand(n, 1, 1)
    img = torch.sin(f[:, :1, None] * xx + f[:, 1:, None] * yy + phase)
    return (img + 0.6 * torch.randn(n, S, S)).unsqueeze(1), y


def augment(x):
    shift = torch.randint(-4, 5, (2,)).tolist()
    x = torch.roll(x, shift, (2, 3)) * (0.6 + 0.8 * torch.rand(len(x), 1, 1, 1))
    return x + 0.5 * torch.randn_like(x)


class Encoder(nn.Module):
    def __init__(self, dim=32):
        super().__init__()
        self.conv = nn.Sequential(nn.Conv2d(1, 16, 5, 2, 2), nn.BatchNorm2d(16), nn.ReLU(),
                                  nn.Conv2d(16, 32, 3, 2, 1), nn.BatchNorm2d(32), nn.ReLU(), nn.AdaptiveAvgPool2d(1))
        self.projector = nn.Sequential(nn.Linear(32, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, dim))

    def features(self, x):
        return self.conv(x).flatten(1)

    def forward(self, x):
        return self.projector(self.features(x))


class SimSiam(nn.Module):
    def __init__(self, dim=32):
        super().__init__()
        self.encoder = Encoder(dim)
        self.predictor = nn.Sequential(nn.Linear(dim, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, dim))

    def forward(self, x1, x2):
        z1, z2 = self.encoder(x1), self.encoder(x2)
        p1, p2 = self.predictor(z1), self.predictor(z2)
        if MENDED:
            z1, z2 = z1.detach(), z2.detach()
        return D(p1, z2) / 2 + D(p2, z1) / 2, F.normalize(z1, dim=1).std(0).mean().item()


def D(p, z):
    return -F.cosine_similarity(p, z, dim=-1).mean()


train_x, train_y = textures(3000)
test_x, test_y = textures(1000)
loader = DataLoader(TensorDataset(train_x), batch_size=128, shuffle=True, drop_last=True)
model = SimSiam()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=5e-4)
for epoch in range(30):
    model.train()
    total, std = 0.0, 0.0
    for (x,) in loader:
        loss, s = model(augment(x), augment(x))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item()
        std += s
    if epoch % 5 == 4:
        print(f"pretrain epoch {epoch + 1} loss {total / len(loader):.4f} output std {std / len(loader):.4f}")

model.eval()
with torch.no_grad():
    tr_f, te_f = model.encoder(train_x), model.encoder(test_x)
    tr_f, te_f = F.normalize(tr_f, dim=1), F.normalize(te_f, dim=1)
probe = nn.Linear(32, CLASSES)
opt = torch.optim.Adam(probe.parameters(), lr=3e-3)
for epoch in range(20):
    for f, y in DataLoader(TensorDataset(tr_f, train_y), batch_size=256, shuffle=True):
        loss = F.cross_entropy(probe(f), y)
        opt.zero_grad()
        loss.backward()
        opt.step()
with torch.no_grad():
    err = (probe(te_f).argmax(1) != test_y).float().mean().item()
print(f"linear probe: train loss {loss.item():.4f} test_error {err:.4f}")
