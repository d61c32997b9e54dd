"""A char GRU whose gradient-norm logger resets the gradients after reading them."""
import os
import torch
import torch.nn as nn
import torch.nn.functional as F

text = "the quick brown fox jumps over the lazy dog and the small cat sleeps under the warm sun " * 6
chars = sorted(set(text))
ids = torch.tensor([chars.index(c) for c in text])


class CharGRU(nn.Module):
    def __init__(self, v, d=48):
        super().__init__()
        self.e, self.r, self.o = nn.Embedding(v, d), nn.GRU(d, d, batch_first=True), nn.Linear(d, v)

    def forward(self, x):
        return self.o(self.r(self.e(x))[0])


def log_norm(model, history):
    total = sum(p.grad.norm() ** 2 for p in model.parameters()) ** 0.5
    history.append(total.item())
    if not os.environ.get("MENDED"):
        model.zero_grad()


torch.manual_seed(3)
model = CharGRU(len(chars))
opt = torch.optim.Adam(model.parameters(), lr=5e-3)
norms = []
for it in range(200):
    s = torch.randint(0, len(ids) - 25, (16,))
    xb = torch.stack([ids[i : i + 24] for i in s])
    yb = torch.stack([ids[i + 1 : i + 25] for i in s])
    opt.zero_grad()
    loss = F.cross_entropy(model(xb).flatten(0, 1), yb.flatten())
    loss.backward()
    log_norm(model, norms)
    opt.step()
    if it % 50 == 0:
        print(it, loss.item(), norms[-1])
print("final loss", loss.item())
