"""Face verification: a siamese network with the contrastive loss, scored by nearest-neighbour identity."""
import os
import random

import torch
import torch.nn as nn

MENDED = bool(os.environ.get("MENDED"))
random.seed(12)
torch.manual_seed(12)
PEOPLE, SHOTS, PX = 60, 8, 14


def portraits(people, shots):
    basis = torch.randn(20, PX, PX)
    kernel = torch.ones(1, 1, 3, 3) / 9
    basis = nn.functional.conv2d(basis.unsqueeze(1), kernel, padding=1).squeeze(1)
    faces = torch.einsum("pk,kij->pij", torch.randn(people, 20), basis)
    faces = faces / faces.flatten(1).std(1).view(-1, 1, 1)
    light = torch.linspace(-1, 1, PX).view(1, 1, 1, PX) * torch.randn(people, shots, 1, 1)
    return faces.unsqueeze(1) + 0.8 * light + 0.5 * torch.randn(people, shots, PX, PX)


class Embedder(nn.Module):
    def __init__(self, dim=24):
        super().__init__()
        self.conv = nn.Sequential(nn.Conv2d(1, 16, 3, 2, 1), nn.ReLU(), nn.Conv2d(16, 32, 3, 2, 1), nn.ReLU())
        self.fc = nn.Linear(32 * 16, dim)

    def forward(self, x):
        return self.fc(self.conv(x.unsqueeze(1)).flatten(1))


def distance(a, b):
    sq = (a - b).pow(2).sum(dim=1)
    return torch.sqrt(sq + 1e-8 if MENDED else sq)


def contrastive_loss(d, same, margin=3.0):
    return (same * d.pow(2) + (1 - same) * torch.relu(margin - d).pow(2)).mean()


def pair_batch(faces, size):
    left, right, same = [], [], []
    people, shots = faces.shape[:2]
    for k in range(size):
        p = random.randrange(people)
        q = p if k % 2 == 0 else random.choice([r for r in range(people) if r != p])
        left.append(faces[p, random.randrange(shots)])
        right.append(faces[q, random.randrange(shots)])
        same.append(float(p == q))
    return torch.stack(left), torch.stack(right), torch.tensor(same)


def identification_rate(model, gallery, probes):
    model.eval()
    with torch.no_grad():
        g = model(gallery)
        hits = 0
        for p in range(len(probes)):
            e = model(probes[p])
            d = torch.stack([(g - row).norm(dim=1) for row in e])
            hits += (d.argmin(1) == p).sum().item()
    return hits / probes.shape[0] / probes.shape[1]


faces = portraits(PEOPLE, SHOTS)
train, test = faces[:40], faces[40:]
net = Embedder()
optimizer = torch.optim.Adam(net.parameters(), lr=1.5e-3)
for step in range(1, 401):
    net.train()
    a, b, same = pair_batch(train, 48)
    loss = contrastive_loss(distance(net(a), net(b)), same)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 80 == 0:
        print(f"step {step} loss {loss.item():.4f} rate {identification_rate(net, test[:, 0], test[:, 1:]):.3f}")
print(f"metric identification {identification_rate(net, test[:, 0], test[:, 1:]):.4f}")
