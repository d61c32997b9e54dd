"""Well: sharpness-aware minimisation. The weights are changed in place between two backward passes and put back, and the first gradients are thrown away; right, as the step wants the gradient at the worst near point."""
# val accuracy 0.998
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(22)


class SAM:
    def __init__(self, params, base, rho=0.05):
        self.params, self.base, self.rho = list(params), base, rho

    @torch.no_grad()
    def ascend(self):
        norm = torch.stack([p.grad.norm() for p in self.params]).norm() + 1e-12
        self.moves = [p.grad * (self.rho / norm) for p in self.params]
        torch._foreach_add_(self.params, self.moves)
        self.base.zero_grad()

    @torch.no_grad()
    def descend(self):
        torch._foreach_sub_(self.params, self.moves)
        self.base.step()
        self.base.zero_grad()


def spirals(n, noise):
    y = torch.randint(0, 3, (n,))
    r = torch.rand(n).sqrt() * 2
    a = 2.1 * r + y * 2.0944 + noise * torch.randn(n)
    return torch.stack([r * a.cos(), r * a.sin()], 1), y


x, y = spirals(1200, 0.2)
xv, yv = spirals(1000, 0.2)
net = nn.Sequential(nn.Linear(2, 96), nn.Tanh(), nn.Linear(96, 96), nn.Tanh(), nn.Linear(96, 3))
base = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
sam = SAM(net.parameters(), base)
loader = DataLoader(TensorDataset(x, y), batch_size=40, shuffle=True)
for epoch in range(45):
    for xb, yb in loader:
        loss = F.cross_entropy(net(xb), yb)
        loss.backward()
        sam.ascend()
        F.cross_entropy(net(xb), yb).backward()
        sam.descend()
    if epoch % 5 == 4:
        with torch.no_grad():
            acc = (net(xv).argmax(1) == yv).float().mean().item()
        print(f"epoch {epoch} loss {loss.item():.4f} val acc {acc:.4f}")
print("final val_accuracy", acc)
