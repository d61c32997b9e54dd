"""Machine-wear regression with a GRU that walks over the machines of the batch instead of over time."""
import os
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(4)
X = torch.randn(1200, 15, 3)
Y = X[:, :, 0].cumsum(1)[:, -1] * 0.3 + X[:, -3:, 1].mean(1)
loader = DataLoader(TensorDataset(X[:1000], Y[:1000]), batch_size=40, shuffle=True, drop_last=True)
gru = nn.GRU(3, 32, num_layers=1)
lin = nn.Linear(32, 1)
params = list(gru.parameters()) + list(lin.parameters())
opt = torch.optim.Adam(params, lr=6e-3)


def predict(x):
    if os.environ.get("MENDED"):
        x = x.transpose(0, 1)
        return lin(gru(x)[0][-1]).squeeze(1)
    return lin(gru(x)[0][:, -1]).squeeze(1)


for epoch in range(14):
    for x, y in loader:
        loss = (predict(x) - y).pow(2).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
    with torch.no_grad():
        print("epoch", epoch, "val", (predict(X[1000:]) - Y[1000:]).pow(2).mean().item())
print("final val_mse", (predict(X[1000:]) - Y[1000:]).pow(2).mean().item())
