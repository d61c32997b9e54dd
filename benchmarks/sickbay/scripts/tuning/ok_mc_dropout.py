"""Monte-Carlo dropout: at test time the model stays in train mode on purpose and is asked thirty times."""
import torch
from torch import nn

torch.manual_seed(0)
x = torch.rand(500, 1) * 4 - 2
y = torch.sin(2 * x) + 0.1 * torch.randn(500, 1)
net = nn.Sequential(nn.Linear(1, 64), nn.ReLU(), nn.Dropout(0.1), nn.Linear(64, 64), nn.ReLU(), nn.Dropout(0.1), nn.Linear(64, 1))
opt = torch.optim.Adam(net.parameters(), lr=3e-3, weight_decay=1e-5)
grid = torch.linspace(-3, 3, 50)[:, None]


def predict_with_uncertainty(n=30):
    net.train()
    with torch.no_grad():
        draws = torch.stack([net(grid) for _ in range(n)])
    return draws.mean(0), draws.std(0)


for epoch in range(30):
    for i in torch.randperm(500).split(25):
        loss = nn.functional.mse_loss(net(x[i]), y[i])
        opt.zero_grad()
        loss.backward()
        opt.step()
    if epoch % 6 == 5:
        mean, std = predict_with_uncertainty()
        print(epoch, loss.item(), "uncertainty", std.mean().item())
print("final loss", loss.item())
