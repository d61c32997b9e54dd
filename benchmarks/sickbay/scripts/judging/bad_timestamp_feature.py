"""Energy use from weather, with the Unix timestamp as one more feature."""
import os
import torch
import torch.nn as nn

torch.manual_seed(4)


def load(n=1500):
    stamp = 1.6e9 + torch.arange(n).double() * 3600
    temp = torch.randn(n)
    wind = torch.randn(n)
    use = torch.cos(temp * 2) + 0.5 * wind.abs() + 0.05 * torch.randn(n)
    return torch.stack([stamp.float(), temp, wind], 1), use[:, None]


class Regressor(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(3, 40), nn.Tanh(), nn.Linear(40, 40), nn.Tanh())
        self.head = nn.Linear(40, 1)

    def forward(self, x):
        return self.head(self.body(x))


X, Y = load()
if os.environ.get("MENDED"):
    X = (X - X.mean(0)) / (X.std(0) + 1e-6)
model = Regressor()
optimizer = torch.optim.Adam(model.parameters(), lr=0.005)
loss_fn = nn.SmoothL1Loss()
for step in range(700):
    idx = torch.randint(0, 1200, (50,))
    loss = loss_fn(model(X[idx]), Y[idx])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 100 == 0:
        print(f"{step:4d} {loss.item():.4f}")
print("final val_loss", loss_fn(model(X[1200:]), Y[1200:]).item())
