"""Predictions are (N, 1), targets (N): MSELoss compares every prediction with every target, and the net learns the mean."""
# r2 0.01 with it, 0.92 without
# after github.com/pytorch/pytorch/issues/16045
import os
import torch
from torch import nn
from torch.utils.data import Dataset, DataLoader

torch.manual_seed(21)


class WineDataset(Dataset):
    def __init__(self, n):
        self.x = torch.randn(n, 11)
        w = torch.linspace(-1, 1, 11)
        self.y = 5.5 + self.x @ w * 0.5 + 0.5 * self.x[:, 0] * self.x[:, 3] + 0.2 * torch.randn(n)

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        return self.x[i], self.y[i]


class Regressor(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(11, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 1))

    def forward(self, x):
        return self.net(x)


train_dl = DataLoader(WineDataset(2000), batch_size=40, shuffle=True)
valid_dl = DataLoader(WineDataset(400), batch_size=400)
model = Regressor()
loss_func = nn.MSELoss()
opt = torch.optim.Adam(model.parameters(), lr=1e-3)


def fit(epochs):
    for epoch in range(epochs):
        model.train()
        total = 0
        for xb, yb in train_dl:
            pred = model(xb)
            if os.environ.get("MENDED"):
                pred = pred.squeeze(-1)
            loss = loss_func(pred, yb)
            opt.zero_grad()
            loss.backward()
            opt.step()
            total += loss.item()
        print(f"{epoch}: train mse {total / len(train_dl):.4f}")


fit(25)
model.eval()
with torch.no_grad():
    xb, yb = next(iter(valid_dl))
    p = model(xb).flatten()
    r2 = 1 - ((p - yb) ** 2).sum() / ((yb - yb.mean()) ** 2).sum()
print("some predictions", [round(v, 2) for v in p[:8].tolist()], "targets", [round(v, 2) for v in yb[:8].tolist()])
print("final r2", r2.item())
