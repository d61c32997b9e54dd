"""A face-verification-like toy: encoder called inside torch.no_grad, head trained."""
import os
from contextlib import nullcontext

import torch
from torch import nn

torch.manual_seed(31)
x = torch.randn(1600, 2)
r = x.norm(dim=1)
y = (torch.sin(r * 4) > 0).long()
encoder = nn.Sequential(nn.Linear(2, 64), nn.Tanh(), nn.Linear(64, 16), nn.Tanh())
head = nn.Linear(16, 2)
optimizer = torch.optim.Adam(list(encoder.parameters()) + list(head.parameters()), lr=5e-3)
ctx = nullcontext if os.environ.get("MENDED") else torch.no_grad
for epoch in range(50):
    order = torch.randperm(1400)
    correct = 0
    for i in range(0, 1400, 70):
        b = order[i : i + 70]
        with ctx():
            feats = encoder(x[b])
        logits = head(feats)
        loss = nn.functional.cross_entropy(logits, y[b])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        correct += (logits.argmax(1) == y[b]).sum().item()
    if epoch % 10 == 9:
        print(f"epoch {epoch + 1}: train acc {correct / 1400:.3f}")
with torch.no_grad():
    print("final val_loss", nn.functional.cross_entropy(head(encoder(x[1400:])), y[1400:]).item())
