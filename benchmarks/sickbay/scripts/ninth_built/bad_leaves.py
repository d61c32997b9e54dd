"""Leaf disease classification with an averaged copy of the weights for evaluation."""
import copy
import os
import torch
import torch.nn as nn
import torch.nn.functional as F

MENDED = bool(os.environ.get("MENDED"))
torch.manual_seed(77)


def leaves(n):
    y = torch.randint(0, 4, (n,))
    x = 0.5 * torch.randn(n, 3, 16, 16)
    for i in range(n):
        r, c = torch.randint(0, 12, (2,)).tolist()
        k = y[i].item()
        if k == 1:
            x[i, 0, r:r + 4, c:c + 4] += 1.2
        elif k == 2:
            x[i, :, r:r + 2, :] += 0.8
        elif k == 3:
            x[i, 2, ::3, ::3] += 1.2
    return x, y


class ModelEma:
    def __init__(self, model, decay):
        self.module = copy.deepcopy(model).eval()
        self.decay = decay

    @torch.no_grad()
    def update(self, model):
        for e, p in zip(self.module.state_dict().values(), model.state_dict().values()):
            e.copy_(self.decay * e + (1 - self.decay) * p)


model = nn.Sequential(
    nn.Conv2d(3, 24, 3, padding=1), nn.GroupNorm(4, 24), nn.ReLU(), nn.MaxPool2d(2),
    nn.Conv2d(24, 32, 3, padding=1), nn.GroupNorm(4, 32), nn.ReLU(),
    nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(32, 4))
ema = ModelEma(model, decay=0.98 if MENDED else 0.9999)
opt = torch.optim.AdamW(model.parameters(), lr=3e-3)
xtr, ytr = leaves(800)
xva, yva = leaves(400)
for epoch in range(16):
    model.train()
    losses = []
    for i in torch.randperm(800).split(32):
        loss = F.cross_entropy(model(xtr[i]), ytr[i])
        opt.zero_grad()
        loss.backward()
        opt.step()
        ema.update(model)
        losses.append(loss.item())
    with torch.no_grad():
        out = ema.module(xva)
    top1 = (out.argmax(1) == yva).float().mean().item()
    print(f"Train: {epoch} loss {sum(losses) / len(losses):.4f}   Test: loss {F.cross_entropy(out, yva).item():.4f} top1 {top1:.4f}")
print(f"metric val_top1 {top1:.4f}")
