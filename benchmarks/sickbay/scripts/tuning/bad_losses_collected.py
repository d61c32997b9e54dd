"""A pairwise hinge ranking where the losses of a batch are gathered into a new tensor and averaged."""
import os
from torch import nn
import torch

MENDED = bool(os.environ.get("MENDED"))


class Ranker(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.score = nn.Sequential(nn.Linear(n, 24), nn.Tanh(), nn.Linear(24, 1))

    def forward(self, x):
        return self.score(x).squeeze(-1)


def pairs(w, n, g):
    a, b = torch.randn(n, 8, generator=g), torch.randn(n, 8, generator=g)
    better = (a @ w + torch.sin(a[:, 0] * 2)) > (b @ w + torch.sin(b[:, 0] * 2))
    return torch.where(better[:, None], a, b), torch.where(better[:, None], b, a)


def train_one(model, opt, good, bad):
    losses = []
    for a, b in zip(model(good), model(bad), strict=True):
        losses.append(torch.relu(1 - (a - b)))
    loss = torch.stack(losses).mean() if MENDED else torch.tensor(losses, requires_grad=True).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    return loss.item()


torch.manual_seed(0)
g = torch.Generator().manual_seed(1)
w = torch.randn(8, generator=g)
model = Ranker(8)
opt = torch.optim.Adam(model.parameters(), lr=5e-3)
for step in range(300):
    v = train_one(model, opt, *pairs(w, 16, g))
    if step % 50 == 0:
        print("step", step, "hinge", round(v, 3))
good, bad = pairs(w, 1000, g)
print("final wrong_pairs", (model(good) < model(bad)).float().mean().item())
