"""A spiral classifier whose loop says optimizer.step without calling it."""
import os
import torch
import torch.nn as nn

torch.manual_seed(0)
n = 300
t = torch.linspace(0.2, 1, n).repeat(3)
cls = torch.arange(3).repeat_interleave(n)
ang = t * 5 + cls * 2.09 + torch.randn(3 * n) * 0.1
X = torch.stack([t * ang.cos(), t * ang.sin()], 1)
model = nn.Sequential(nn.Linear(2, 64), nn.ReLU(), nn.Linear(64, 3))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
criterion = nn.CrossEntropyLoss()
for i in range(400):
    idx = torch.randint(0, 3 * n, (64,))
    loss = criterion(model(X[idx]), cls[idx])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step
    if os.environ.get("MENDED"):
        optimizer.step()
    if i % 80 == 0:
        print("iter", i, "loss", loss.item())
print("final loss", criterion(model(X), cls).item())
