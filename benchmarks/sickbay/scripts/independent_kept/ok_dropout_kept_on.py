"""Looks broken because the model is put into train mode for prediction and its outputs differ from call to call; right, because Monte Carlo dropout averages them and takes their spread as uncertainty."""
# test R2 0.96
# after https://forums.fast.ai/t/pr-ability-to-use-dropout-at-prediction-time-monte-carlo-dropout/47080
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(30)


def yield_curve(x):
    return torch.sin(3 * x[:, :1]) + 0.5 * x[:, 1:2] ** 2 - x[:, 2:3] * x[:, :1]


def plants(n, spread=1.0):
    x = spread * torch.randn(n, 4)
    return x, yield_curve(x) + 0.1 * torch.randn(n, 1)


class Regressor(nn.Module):
    def __init__(self, p=0.1):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(4, 128), nn.ReLU(), nn.Dropout(p),
            nn.Linear(128, 128), nn.ReLU(), nn.Dropout(p),
            nn.Linear(128, 1))

    def forward(self, x):
        return self.net(x)


def mc_predict(model, x, samples=50):
    model.train()
    with torch.no_grad():
        draws = torch.stack([model(x) for _ in range(samples)])
    return draws.mean(0), draws.std(0)


x, y = plants(4000)
loader = DataLoader(TensorDataset(x, y), batch_size=64, shuffle=True)
model = Regressor()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3, weight_decay=1e-5)
for epoch in range(35):
    for xb, yb in loader:
        loss = nn.functional.mse_loss(model(xb), yb)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if epoch % 5 == 0:
        print("epoch", epoch, "loss", round(loss.item(), 4))

xt, yt = plants(1500)
mean, std = mc_predict(model, xt)
far, _ = plants(1500, spread=3.0)
_, std_far = mc_predict(model, far)
r2 = 1 - (mean - yt).pow(2).mean() / yt.var()
print(f"test R2 {r2.item():.3f}  mean spread near {std.mean().item():.3f} far {std_far.mean().item():.3f}")
