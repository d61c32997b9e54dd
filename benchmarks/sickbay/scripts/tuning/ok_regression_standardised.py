"""House prices in the hundreds of thousands, inputs and targets standardised, error printed in euros."""
import torch
from torch import nn

torch.manual_seed(0)
n = 1200
area, year, rooms = 40 + 160 * torch.rand(n), 1950 + 70 * torch.rand(n), torch.randint(1, 7, (n,)).float()
price = 3000 * area + 800 * (year - 1950) + 15000 * rooms + 20000 * torch.randn(n)
X = torch.stack([area, year, rooms], 1)
mu, sd = X[:1000].mean(0), X[:1000].std(0)
X = (X - mu) / sd
pm, ps = price[:1000].mean(), price[:1000].std()
y = ((price - pm) / ps)[:, None]
net = nn.Sequential(nn.Linear(3, 32), nn.ReLU(), nn.Linear(32, 1))
opt = torch.optim.Adam(net.parameters(), lr=3e-3)
for epoch in range(25):
    for i in torch.randperm(1000).split(50):
        loss = nn.functional.mse_loss(net(X[i]), y[i])
        opt.zero_grad()
        loss.backward()
        opt.step()
    if epoch % 5 == 0:
        with torch.no_grad():
            err = ((net(X[1000:]) - y[1000:]) * ps).pow(2).mean().sqrt()
        print(f"epoch {epoch}: RMSE {err:,.0f} EUR")
print("final val_mse", nn.functional.mse_loss(net(X[1000:]), y[1000:]).item())
