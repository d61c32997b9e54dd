"""Rents from flats, with the target table sorted by another key than the feature table."""
# after stats.stackexchange.com/questions/261704 (regression always predicts the mean)
import os
import torch
from torch import nn

torch.manual_seed(0)
n = 4000
key = torch.randperm(n)
feats = torch.randn(n, 8)
rent = feats[:, 0] * 1.5 - feats[:, 1] + torch.relu(feats[:, 2]) + 0.2 * torch.randn(n)
X = feats if os.environ.get("MENDED") else feats[key]
Y = rent
model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 1))
opt = torch.optim.Adam(model.parameters(), lr=1e-3)
loss_fn = nn.MSELoss()
for epoch in range(15):
    model.train()
    run = 0.0
    for i in torch.randperm(3200).split(64):
        loss = loss_fn(model(X[i]).squeeze(1), Y[i])
        opt.zero_grad()
        loss.backward()
        opt.step()
        run += loss.item() * len(i)
    model.eval()
    with torch.no_grad():
        val = loss_fn(model(X[3200:]).squeeze(1), Y[3200:]).item()
    print(f"epoch {epoch:2d} train {run / 3200:.3f} val {val:.3f}")
print("final val_mse", val)
