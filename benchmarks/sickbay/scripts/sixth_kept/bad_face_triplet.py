"""Embeddings of faces with the batch-hard triplet loss."""
import os
import torch
import torch.nn as nn
import torch.nn.functional as F

MENDED = os.environ.get("MENDED") == "1"
torch.manual_seed(15)
N_PEOPLE, DIM = 60, 40
mix = torch.randn(12, DIM)
nuisance = torch.randn(10, DIM)
people = torch.randn(N_PEOPLE, 12)


def photos(ids):
    z = people[ids] + 0.25 * torch.randn(len(ids), 12)
    light = torch.randn(len(ids), 10)
    return torch.tanh(0.3 * (z @ mix) + 0.6 * (light @ nuisance) / 2) + 0.1 * torch.randn(len(ids), DIM)


class FaceNet(nn.Module):
    def __init__(self, out=16):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(DIM, 96), nn.BatchNorm1d(96), nn.ReLU(),
                                  nn.Linear(96, 96), nn.BatchNorm1d(96), nn.ReLU(), nn.Linear(96, out))

    def forward(self, x):
        return F.normalize(self.body(x), dim=1)


def pairwise_distance(e):
    sq = (e ** 2).sum(1)
    d2 = sq[:, None] + sq[None, :] - 2 * e @ e.t()
    d2 = d2.clamp(min=0)
    if MENDED:
        d2 = d2 + 1e-8
    return d2.sqrt()


def batch_hard_triplet(e, ids, margin=0.3):
    d = pairwise_distance(e)
    same = ids[:, None] == ids[None, :]
    hardest_pos = (d * same).max(1).values
    hardest_neg = (d + 10.0 * same).min(1).values
    return F.relu(hardest_pos - hardest_neg + margin).mean()


def pk_batch(p=12, k=4):
    """k photos of each of p people; some photos are in the album twice"""
    ids = torch.randperm(40)[:p].repeat_interleave(k)
    x = photos(ids)
    for i in range(0, len(ids), k):
        if torch.rand(1).item() < 0.05:
            x[i:i + k] = x[i]
    return x, ids


val_ids = torch.arange(40, 60).repeat_interleave(10)
val_x = photos(val_ids)


def recall_at_1(model):
    model.eval()
    with torch.no_grad():
        e = model(val_x)
        sim = e @ e.t()
        sim.fill_diagonal_(-9)
        hit = (val_ids[sim.argmax(1)] == val_ids).float().mean().item()
    model.train()
    return hit


model = FaceNet()
opt = torch.optim.Adam(model.parameters(), lr=1e-3)
print(f"before training recall@1 {recall_at_1(model):.3f}")
for step in range(700):
    x, ids = pk_batch()
    loss = batch_hard_triplet(model(x), ids)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 50 == 0:
        print(f"step {step} triplet loss {loss.item():.4f} val recall@1 {recall_at_1(model):.3f}")

print(f"metric recall_at_1 {recall_at_1(model):.4f}")
