"""Physics informed net for u'' = -pi^2 sin(pi x), u(0)=u(1)=0, trained with L-BFGS on fixed points."""
import math
import torch
import torch.nn as nn

torch.manual_seed(3)
net = nn.Sequential(nn.Linear(1, 24), nn.Tanh(), nn.Linear(24, 24), nn.Tanh(), nn.Linear(24, 1))
xs = torch.linspace(0, 1, 64)[:, None].requires_grad_(True)
ends = torch.tensor([[0.], [1.]])
opt = torch.optim.LBFGS(net.parameters(), lr=1.0, max_iter=4, history_size=20, line_search_fn="strong_wolfe")
grid = torch.linspace(0, 1, 301)[:, None]
exact = torch.sin(math.pi * grid)


def closure():
    opt.zero_grad()
    u = net(xs)
    du, = torch.autograd.grad(u.sum(), xs, create_graph=True)
    ddu, = torch.autograd.grad(du.sum(), xs, create_graph=True)
    res = ddu + math.pi ** 2 * torch.sin(math.pi * xs)
    loss = res.pow(2).mean() + 20 * net(ends).pow(2).mean()
    loss.backward()
    return loss


for it in range(160):
    loss = opt.step(closure)
    if it % 20 == 0 or it == 159:
        with torch.no_grad():
            rel = ((net(grid) - exact).norm() / exact.norm()).item()
        print(f"{it} loss {loss.item():.3e} rel l2 {rel:.5f}")
print("metric rel_l2", f"{rel:.5f}")
