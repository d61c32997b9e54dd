"""Temperature anomalies (both signs) from a net that ends in ReLU."""
import os
import torch
import torch.nn as nn

torch.manual_seed(0)
X = torch.rand(1500, 3) * 4 - 2
Y = (torch.sin(X[:, 0] * 1.5) + 0.5 * X[:, 1] * X[:, 2])[:, None]
layers = [nn.Linear(3, 48), nn.ReLU(), nn.Linear(48, 48), nn.ReLU(), nn.Linear(48, 1), nn.ReLU()]
model = nn.Sequential(*(layers[:-1] if os.environ.get("MENDED") else layers))
opt = torch.optim.Adam(model.parameters(), lr=2e-3)
for step in range(800):
    i = torch.randint(0, 1200, (64,))
    loss = nn.functional.mse_loss(model(X[i]), Y[i])
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 100 == 0:
        print(step, loss.item())
print("final val_mse", nn.functional.mse_loss(model(X[1200:]), Y[1200:]).item())
