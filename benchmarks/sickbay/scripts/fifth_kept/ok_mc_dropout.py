"""Uncertainty by Monte-Carlo dropout: at prediction time the dropout stays on and thirty passes are averaged."""
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(59)


def data(n):
    x = torch.rand(n, 8) * 2 - 1
    y = torch.sin(3 * x[:, 0]) + x[:, 1] * x[:, 2] + 0.5 * (x[:, 3] > 0).float()
    return x, (y + 0.2 * torch.randn(n)).unsqueeze(1)


class BayesNet(nn.Module):
    def __init__(self, p=0.1):
        super().__init__()
        self.f = nn.Sequential(nn.Linear(8, 128), nn.ReLU(), nn.Dropout(p), nn.Linear(128, 128), nn.ReLU(), nn.Dropout(p),
                               nn.Linear(128, 1))

    def forward(self, x):
        return self.f(x)

    @torch.no_grad()
    def predict(self, x, samples=30):
        self.train()
        draws = torch.stack([self(x) for _ in range(samples)])
        return draws.mean(0), draws.std(0)


train_loader = DataLoader(TensorDataset(*data(4000)), batch_size=50, shuffle=True)
vx, vy = data(1000)
net = BayesNet()
opt = torch.optim.Adam(net.parameters(), lr=1e-3, weight_decay=1e-5)
for epoch in range(40):
    total = 0.0
    for x, y in train_loader:
        opt.zero_grad()
        loss = nn.functional.mse_loss(net(x), y)
        loss.backward()
        opt.step()
        total += loss.item()
    if epoch % 5 == 4:
        mean, spread = net.predict(vx)
        print(f"epoch {epoch + 1} train mse {total / len(train_loader):.4f} spread {spread.mean():.3f} "
              f"val_mse {nn.functional.mse_loss(mean, vy).item():.4f}")
