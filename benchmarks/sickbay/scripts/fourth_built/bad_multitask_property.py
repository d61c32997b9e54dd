"""Multi-task net for flats: monthly rent (regression, euro) and energy class (7 classes)."""
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(40)


def make(n):
    x = torch.randn(n, 12)
    size, year, floor = x[:, 0], x[:, 1], x[:, 2]
    rent = 900 + 320 * size + 110 * torch.tanh(2 * x[:, 3]) * size + 60 * floor * x[:, 4] + 40 * torch.randn(n)
    energy = 1.5 * year + torch.sin(2 * x[:, 5]) + x[:, 6] * (x[:, 7] > 0) + 0.15 * torch.randn(n)
    cls = torch.bucketize(energy, torch.tensor([-2.2, -1.3, -0.4, 0.4, 1.3, 2.2]))
    return x, rent, cls


class TwoHeads(nn.Module):
    def __init__(self, hidden=48):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(12, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU())
        self.rent = nn.Linear(hidden, 1)
        self.energy = nn.Linear(hidden, 7)

    def forward(self, x):
        h = self.trunk(x)
        return self.rent(h).squeeze(1), self.energy(h)


xtr, rtr, ctr = make(4000)
xva, rva, cva = make(1000)
loader = DataLoader(TensorDataset(xtr, rtr, ctr), batch_size=64, shuffle=True)
net = TwoHeads()
opt = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9)
mse, ce = nn.MSELoss(), nn.CrossEntropyLoss()

for epoch in range(25):
    net.train()
    sums = [0.0, 0.0]
    for x, r, c in loader:
        pr, pc = net(x)
        loss_rent, loss_energy = mse(pr, r), ce(pc, c)
        loss = loss_rent + loss_energy
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        opt.step()
        sums[0] += loss_rent.item()
        sums[1] += loss_energy.item()
    if epoch % 4 == 0:
        net.eval()
        with torch.no_grad():
            pr, pc = net(xva)
        r2 = 1 - ((pr - rva) ** 2).mean() / rva.var()
        majority = cva.bincount().max().item() / len(cva)
        print(f"epoch {epoch:2d} rent loss {sums[0] / len(loader):.1f} energy loss {sums[1] / len(loader):.3f} | "
              f"val rent R2 {r2:.3f} energy acc {(pc.argmax(1) == cva).float().mean():.3f} (majority {majority:.3f})")
