"""Batch-hard triplet loss at a learning rate of 1e-2: all embeddings fall into one point and the loss rests at the margin."""
# rank-1 0.01 (chance 0.02) with it, 0.70 without
# after github.com/omoindrot/tensorflow-triplet-loss/issues/6 and github.com/KevinMusgrave/pytorch-metric-learning/issues/20
import os
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(17)
N_ID, PER, DIM = 60, 24, 40
MARGIN = 0.5
ident = 0.8 * torch.randn(N_ID, DIM)
mix = torch.randn(DIM, DIM) / DIM ** 0.5


def photos(ids):
    x = ident[ids] + 0.9 * torch.randn(len(ids), DIM)
    return torch.tanh(x @ mix) + 0.1 * torch.randn(len(ids), DIM)


labels = torch.arange(N_ID).repeat_interleave(PER)
images = photos(labels)
probe_labels = torch.arange(N_ID).repeat_interleave(4)
probes = photos(probe_labels)


class EmbeddingNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(DIM, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, 32))

    def forward(self, x):
        return self.body(x)


def pairwise(e):
    d2 = ((e[:, None] - e[None]) ** 2).sum(-1)
    return (d2 + 1e-12).sqrt()


def batch_hard(e, y):
    d = pairwise(e)
    same = y[:, None] == y[None]
    hardest_pos = (d * same).max(1).values
    hardest_neg = (d + 1e6 * same).min(1).values
    return F.relu(hardest_pos - hardest_neg + MARGIN).mean()


def pk_batch(P=10, K=5):
    ids = torch.randperm(N_ID)[:P]
    idx = torch.cat([i * PER + torch.randperm(PER)[:K] for i in ids])
    return images[idx], labels[idx]


def rank1(net):
    with torch.no_grad():
        g, q = net(images), net(probes)
    return (labels[torch.cdist(q, g).argmin(1)] == probe_labels).float().mean().item()


net = EmbeddingNet()
print("rank-1 before training", rank1(net))
optimizer = torch.optim.Adam(net.parameters(), lr=3e-4 if os.environ.get("MENDED") else 1e-2)
for it in range(1500):
    x, y = pk_batch()
    loss = batch_hard(net(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if it % 200 == 0:
        print("iteration", it, "loss", round(loss.item(), 4))
print("final rank1", rank1(net), "loss", loss.item())
