"""Speaker embeddings with batch-hard triplets: same speaker near, other speakers far."""
import os
import torch
import torch.nn as nn
import torch.nn.functional as F

MENDED = os.environ.get("MENDED") == "1"
torch.manual_seed(19)
SPEAKERS, DIM, P, K = 60, 40, 12, 4
voice = torch.randn(SPEAKERS, 10)
mix = torch.randn(10, DIM) * 0.6
channel = torch.randn(6, DIM) * 2.0


def utterances(speakers):
    v = voice[speakers] + 0.35 * torch.randn(len(speakers), 10)
    c = torch.randint(0, 6, (len(speakers),))
    return torch.tanh(v @ mix) + channel[c] + 0.25 * torch.randn(len(speakers), DIM)


class Embedder(nn.Module):
    def __init__(self, out=24):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(DIM, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, out))

    def forward(self, x):
        return F.normalize(self.net(x), dim=1)


def pairwise_distance(e):
    squared = ((e.unsqueeze(0) - e.unsqueeze(1)) ** 2).sum(-1)
    if MENDED:
        return torch.sqrt(squared + 1e-12)
    return torch.sqrt(squared)


class BatchHardTriplet(nn.Module):
    def __init__(self, margin=0.3):
        super().__init__()
        self.margin = margin

    def forward(self, emb, labels):
        dist = pairwise_distance(emb)
        same = labels.unsqueeze(0) == labels.unsqueeze(1)
        hardest_pos = (dist * same).max(1).values
        hardest_neg = (dist + 10.0 * same).min(1).values
        return F.relu(hardest_pos - hardest_neg + self.margin).mean()


@torch.no_grad()
def identification_error(model, seen):
    gallery_y = seen.repeat_interleave(3)
    probe_y = seen.repeat_interleave(10)
    g, p = model(utterances(gallery_y)), model(utterances(probe_y))
    return (gallery_y[(p @ g.T).argmax(1)] != probe_y).float().mean().item()


train_speakers = torch.arange(SPEAKERS)
model = Embedder()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
criterion = BatchHardTriplet()
running = 0.0
for step in range(1, 3001):
    who = torch.randperm(SPEAKERS)[:P].repeat_interleave(K)
    loss = criterion(model(utterances(who)), who)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    running += loss.item() / 250
    if step % 250 == 0:
        print(f"step {step} loss {running:.4f} id_error {identification_error(model, train_speakers):.4f}")
        running = 0.0
