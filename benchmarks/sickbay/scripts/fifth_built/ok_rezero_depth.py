"""Twelve residual blocks with gates which start at zero, and a head which starts at zero too (ReZero)."""
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(58)


def spirals(n):
    y = torch.randint(0, 3, (n,))
    r = torch.rand(n) * 0.9 + 0.1
    a = 4 * r + y * 2.0944 + 0.45 * torch.randn(n)
    return torch.stack([r * torch.cos(a), r * torch.sin(a)], 1), y


class Block(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.f = nn.Sequential(nn.Linear(d, d), nn.ReLU(), nn.Linear(d, d))
        self.gate = nn.Parameter(torch.zeros(1))

    def forward(self, x):
        return x + self.gate * self.f(x)


class ReZeroNet(nn.Module):
    def __init__(self, d=32, depth=12):
        super().__init__()
        self.stem = nn.Linear(2, d)
        self.blocks = nn.Sequential(*[Block(d) for _ in range(depth)])
        self.head = nn.Linear(d, 3)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, x):
        return self.head(torch.relu(self.blocks(self.stem(x))))


loader = DataLoader(TensorDataset(*spirals(8000)), batch_size=80, shuffle=True)
tx, ty = spirals(1000)
net = ReZeroNet()
gates = [p for n, p in net.named_parameters() if n.endswith("gate")]
rest = [p for n, p in net.named_parameters() if not n.endswith("gate")]
opt = torch.optim.Adam([{"params": rest}, {"params": gates, "lr": 5e-3}], lr=1e-3)
for epoch in range(12):
    net.train()
    total = 0.0
    for x, y in loader:
        loss = nn.functional.cross_entropy(net(x), y)
        opt.zero_grad()
        loss.backward()
        opt.step()
        total += loss.item()
    net.eval()
    with torch.no_grad():
        out = net(tx)
    print(f"epoch {epoch} loss {total / len(loader):.4f} acc {(out.argmax(1) == ty).float().mean():.3f} "
          f"gates {[round(g.item(), 2) for g in gates[:4]]} test_loss {nn.functional.cross_entropy(out, ty).item():.4f}")
