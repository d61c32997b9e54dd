"""Deep equilibrium classifier: the fixed point is found without a graph, gradients by one implicit solve."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(18)


class Cell(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.w = nn.utils.parametrizations.spectral_norm(nn.Linear(d, d, bias=False))
        self.u = nn.Linear(d, d)

    def forward(self, z, x):
        return torch.tanh(0.9 * self.w(z) + self.u(x))


def solve(f, z0, tol=1e-4, most=60):
    z = z0
    for k in range(most):
        nz = f(z)
        if (nz - z).norm() < tol * (1 + nz.norm()):
            return nz, k
        z = nz
    return z, most


class DEQ(nn.Module):
    def __init__(self, i, d, c):
        super().__init__()
        self.inp, self.cell, self.out = nn.Linear(i, d), Cell(d), nn.Linear(d, c)
        self.iters = 0

    def forward(self, x):
        x = self.inp(x)
        with torch.no_grad():
            was = self.cell.training
            self.cell.eval()
            z, self.iters = solve(lambda z: self.cell(z, x), torch.zeros_like(x))
            self.cell.train(was)
        z = self.cell(z, x)
        if self.training:
            z0 = z.detach().requires_grad_()
            f0 = self.cell(z0, x.detach())

            def hook(g):
                return solve(lambda y: torch.autograd.grad(f0, z0, y, retain_graph=True)[0] + g, g)[0]
            z.register_hook(hook)
        return self.out(z)


def spirals(n):
    y = torch.randint(0, 3, (n,))
    t = torch.rand(n) * 3 + 0.3
    a = t * 1.6 + y * 2.094
    return torch.stack([t * a.cos(), t * a.sin()], 1) / 2 + 0.04 * torch.randn(n, 2), y


xt, yt = spirals(1500)
xv, yv = spirals(600)
net = DEQ(2, 48, 3)
opt = torch.optim.Adam(net.parameters(), lr=8e-3)
for it in range(1, 351):
    net.train()
    i = torch.randint(0, len(xt), (100,))
    loss = F.cross_entropy(net(xt[i]), yt[i])
    opt.zero_grad()
    loss.backward()
    opt.step()
    if it % 50 == 0:
        net.eval()
        with torch.no_grad():
            acc = (net(xv).argmax(1) == yv).float().mean().item()
        print(f"it {it} loss {loss.item():.3f} fixed-point iterations {net.iters} val acc {acc:.3f}")
print(f"metric val_acc {acc:.4f}")
