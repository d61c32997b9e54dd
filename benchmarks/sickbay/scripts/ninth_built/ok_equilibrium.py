"""Equilibrium layer: the forward pass is iterated without a tape, then one step is taken with it."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(14)


class Equilibrium(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.W, self.U = nn.Linear(d, d, bias=False), nn.Linear(d, d)
        nn.init.orthogonal_(self.W.weight, gain=0.5)

    def f(self, z, x):
        return torch.tanh(self.W(z) + self.U(x))

    def forward(self, x):
        z = torch.zeros_like(x)
        with torch.no_grad():
            for k in range(30):
                z_new = self.f(z, x)
                gap = (z_new - z).norm() / (z_new.norm() + 1e-6)
                z = z_new
                if gap < 1e-4:
                    break
        self.iters = k + 1
        return self.f(z, x)


def moons(n):
    t = torch.rand(n) * 3.1416
    y = torch.randint(0, 2, (n,))
    x = torch.stack([t.cos() * (1 - 2 * y) + y, t.sin() * (1 - 2 * y) + 0.5 * y], 1)
    return x + 0.12 * torch.randn(n, 2), y


deq = Equilibrium(32)
net = nn.Sequential(nn.Linear(2, 32), deq, nn.Linear(32, 2))
opt = torch.optim.Adam(net.parameters(), lr=3e-3)
xt, yt = moons(1000)
xv, yv = moons(500)
for ep in range(20):
    for i in torch.randperm(1000).split(50):
        loss = F.cross_entropy(net(xt[i]), yt[i])
        opt.zero_grad(); loss.backward(); opt.step()
    with torch.no_grad():
        acc = (net(xv).argmax(1) == yv).float().mean().item()
    if ep % 2 == 1:
        print(f"epoch {ep + 1} loss {loss.item():.4f} solver iters {deq.iters} val_acc {acc:.4f}")
print("metric val_acc %.4f" % acc)
