"""Gradient accumulation over four micro-batches, the loss divided, clipping before the step."""
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
X = torch.randn(1024, 12)
Y = X[:, :4].argmax(1)
loader = DataLoader(TensorDataset(X, Y), batch_size=16, shuffle=True)
model = nn.Sequential(nn.Linear(12, 48), nn.GELU(), nn.Linear(48, 4))
opt = torch.optim.AdamW(model.parameters(), lr=3e-3)
ACC = 4
for epoch in range(12):
    opt.zero_grad(set_to_none=True)
    for n, (x, y) in enumerate(loader):
        loss = nn.functional.cross_entropy(model(x), y) / ACC
        loss.backward()
        if (n + 1) % ACC == 0 or n + 1 == len(loader):
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            opt.step()
            opt.zero_grad(set_to_none=True)
    print("epoch", epoch, loss.item() * ACC)
print("final loss", nn.functional.cross_entropy(model(X), Y).item())
