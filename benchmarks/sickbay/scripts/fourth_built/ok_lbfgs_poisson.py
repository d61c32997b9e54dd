import math
import torch
import torch.nn as nn

# -u'' = f on (0,1), u(0)=u(1)=0, exact u = sin(2 pi x) + 0.3 sin(5 pi x); full batch, L-BFGS
torch.manual_seed(0)
torch.set_default_dtype(torch.float64)
x = torch.linspace(0, 1, 128).unsqueeze(1).requires_grad_(True)
f = (4 * math.pi ** 2 * torch.sin(2 * math.pi * x) + 0.3 * 25 * math.pi ** 2 * torch.sin(5 * math.pi * x)).detach()
exact = (torch.sin(2 * math.pi * x) + 0.3 * torch.sin(5 * math.pi * x)).detach()

net = nn.Sequential(nn.Linear(1, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 1))
optimizer = torch.optim.LBFGS(net.parameters(), lr=1.0, max_iter=20, history_size=50, line_search_fn="strong_wolfe")
calls = 0


def u(x):
    return x * (1 - x) * net(x)


def closure():
    global calls
    calls += 1
    optimizer.zero_grad()
    v = u(x)
    du = torch.autograd.grad(v.sum(), x, create_graph=True)[0]
    ddu = torch.autograd.grad(du.sum(), x, create_graph=True)[0]
    loss = ((ddu + f) ** 2).mean()
    loss.backward()
    return loss


for epoch in range(40):
    loss = optimizer.step(closure)
    if epoch % 4 == 0 or epoch == 39:
        with torch.no_grad():
            err = ((u(x) - exact).norm() / exact.norm()).item()
        print(f"outer {epoch} closure calls {calls} loss {loss.item():.4e} rel error {err:.2e}")

with torch.no_grad():
    grid = torch.linspace(0, 1, 9).unsqueeze(1)
    for xi, ui in zip(grid, u(grid)):
        t = math.sin(2 * math.pi * xi.item()) + 0.3 * math.sin(5 * math.pi * xi.item())
        print(f"x={xi.item():.3f}  network {ui.item():+.4f}  exact {t:+.4f}")
