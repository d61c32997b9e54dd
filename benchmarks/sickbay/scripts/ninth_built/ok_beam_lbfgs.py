"""Deflection of a clamped beam by collocation, full-batch L-BFGS.  u'''' = q, 0 < x < 1."""
import torch
import torch.nn as nn

torch.manual_seed(9)
torch.set_default_dtype(torch.float64)


class Beam(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(1, 24), nn.Tanh(), nn.Linear(24, 24), nn.Tanh(), nn.Linear(24, 1))

    def forward(self, x):
        return (x * (1 - x)) ** 2 * self.net(x)     # clamped at both ends


def d(u, x):
    return torch.autograd.grad(u.sum(), x, create_graph=True)[0]


beam = Beam()
x = torch.linspace(0, 1, 50)[:, None].requires_grad_(True)
opt = torch.optim.LBFGS(beam.parameters(), lr=1.0, max_iter=2, history_size=30, line_search_fn="strong_wolfe")
xt = torch.linspace(0, 1, 101)[:, None]


def true_u(z):
    return (z * (1 - z)) ** 2 * (4 + 6 * torch.sin(5 * z) + 2 * torch.exp(z))


exact = true_u(xt)
q = d(d(d(d(true_u(x), x), x), x), x).detach()       # the load that belongs to it
for step in range(160):
    def closure():
        opt.zero_grad()
        u = beam(x)
        u2 = d(d(u, x), x)
        u4 = d(d(u2, x), x)
        loss = ((u4 - q) ** 2).mean() / q.var()
        loss.backward()
        return loss
    loss = opt.step(closure)
    if step % 16 == 15:
        with torch.no_grad():
            rel = ((beam(xt) - exact).norm() / exact.norm()).item()
        print(f"step {step + 1} residual {loss.item():.4e} rel_err {rel:.3e}")
print("metric rel_err %.3e" % rel)
