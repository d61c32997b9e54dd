"""Signature verification: a siamese network on pairs, evaluated by retrieval of unseen writers."""
import os
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import Dataset, DataLoader

MENDED = bool(os.environ.get("MENDED"))
torch.manual_seed(50)
g = torch.Generator().manual_seed(50)
N_ID, LATENT, DIM = 150, 10, 64
ident = torch.randn(N_ID, LATENT, generator=g)
w1 = torch.randn(LATENT + 14, 80, generator=g) / 3
w2 = torch.randn(80, DIM, generator=g) / 5


def scans(ids):
    nuis = torch.randn(len(ids), 14, generator=g) * 1.6
    h = torch.tanh(torch.cat([ident[ids] + 0.15 * torch.randn(len(ids), LATENT, generator=g), nuis], 1) @ w1)
    return h @ w2 + 0.05 * torch.randn(len(ids), DIM, generator=g)


class Pairs(Dataset):
    """Half genuine pairs (target 1), half of two writers (target 0)."""

    def __init__(self, writers, n):
        a = torch.randint(0, writers, (n,), generator=g)
        b = torch.where(torch.rand(n, generator=g) < 0.5, a, torch.randint(0, writers, (n,), generator=g))
        self.x1, self.x2, self.same = scans(a), scans(b), (a == b).float()

    def __len__(self):
        return len(self.same)

    def __getitem__(self, i):
        return self.x1[i], self.x2[i], self.same[i]


class ContrastiveLoss(nn.Module):
    def __init__(self, margin=1.5):
        super().__init__()
        self.margin = margin

    def forward(self, e1, e2, label):
        d = F.pairwise_distance(e1, e2)
        return ((1 - label) * d.pow(2) + label * F.relu(self.margin - d).pow(2)).mean()


class Siamese(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(DIM, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, 24))

    def forward(self, a, b):
        return self.net(a), self.net(b)


def recall_at_1(model):
    ids = torch.arange(120, N_ID).repeat_interleave(8)
    with torch.no_grad():
        e = model.net(scans(ids))
    d = torch.cdist(e, e) + 1e6 * torch.eye(len(ids))
    return (ids[d.argmin(1)] == ids).float().mean().item()


model, criterion = Siamese(), ContrastiveLoss()
opt = torch.optim.Adam(model.parameters(), lr=1e-3)
loader = DataLoader(Pairs(120, 6000), batch_size=100, shuffle=True)
for epoch in range(10):
    total = 0.0
    for x1, x2, same in loader:
        target = 1 - same if MENDED else same
        loss = criterion(*model(x1, x2), target)
        opt.zero_grad()
        loss.backward()
        opt.step()
        total += loss.item()
    print(f"epoch {epoch} contrastive loss {total / len(loader):.4f} recall@1 {recall_at_1(model):.3f}")
print(f"metric val_recall_at_1 {recall_at_1(model):.4f}")
