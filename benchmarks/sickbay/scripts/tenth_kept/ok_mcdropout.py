"""Crop yield in dollars with Monte Carlo dropout (mean and sigma of 50 stochastic passes)."""
import numpy as np
import torch
import torch.nn as nn

np.random.seed(18)
torch.manual_seed(18)
X = np.random.rand(1800, 10).astype(np.float32)
dollars = 2000 + 900 * np.sin(4 * X[:, 0]) * X[:, 1] + 700 * X[:, 2] ** 2 - 500 * X[:, 3] + 60 * np.random.randn(1800)
X, y = torch.from_numpy(X), torch.tensor(dollars, dtype=torch.float32)[:, None]
Xt, yt, Xv, yv = X[:1400], y[:1400], X[1400:], y[1400:]


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(10, 128), nn.ReLU(), nn.Dropout(0.1), nn.Linear(128, 128), nn.ReLU(), nn.Dropout(0.1), nn.Linear(128, 1))
        self.register_buffer("loc", yt.mean()); self.register_buffer("scale", yt.std())

    def forward(self, x):
        return self.loc + self.scale * self.body(x)


net = Net()
opt = torch.optim.Adam(net.parameters(), lr=2e-3, weight_decay=1e-5)


@torch.no_grad()
def mc(x, n=50):
    net.train()
    s = torch.stack([net(x) for _ in range(n)])
    return s.mean(0), s.std(0)


for epoch in range(40):
    for i in torch.randperm(1400).split(70):
        loss = ((net(Xt[i]) - yt[i]) ** 2).mean()
        opt.zero_grad(); loss.backward(); opt.step()
    if epoch % 5 == 4:
        m, s = mc(Xv, 20)
        print(f"epoch {epoch+1} loss {loss.item():.1f} val rmse ${((m - yv) ** 2).mean().sqrt():.1f} mean sigma ${s.mean():.1f}")
m, s = mc(Xv)
print(f"metric val_r2 {(1 - ((m - yv) ** 2).mean() / yv.var()).item():.4f}")
