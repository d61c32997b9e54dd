import math
import torch
import torch.nn as nn
from torch.autograd import grad

# u_t = alpha * u_xx on [0,1] x [0,1],  u(x,0) = sin(pi x),  u(0,t) = u(1,t) = 0
# exact: exp(-alpha pi^2 t) sin(pi x)
ALPHA = 0.15
torch.manual_seed(1)


class PINN(nn.Module):
    def __init__(self, width=40, depth=4):
        super().__init__()
        layers = [nn.Linear(2, width), nn.ReLU()]
        for _ in range(depth - 1):
            layers += [nn.Linear(width, width), nn.ReLU()]
        self.net = nn.Sequential(*layers, nn.Linear(width, 1))

    def forward(self, x, t):
        return self.net(torch.cat([x, t], dim=1))


def residual(model, x, t):
    x.requires_grad_(True)
    t.requires_grad_(True)
    u = model(x, t)
    ones = torch.ones_like(u)
    u_t = grad(u, t, ones, create_graph=True)[0]
    u_x = grad(u, x, ones, create_graph=True)[0]
    u_xx = grad(u_x, x, ones, create_graph=True, allow_unused=True)[0]
    return u_t - ALPHA * u_xx


def relative_error(model):
    g = torch.linspace(0, 1, 51)
    x, t = torch.meshgrid(g, g, indexing="ij")
    x, t = x.reshape(-1, 1), t.reshape(-1, 1)
    exact = torch.exp(-ALPHA * math.pi ** 2 * t) * torch.sin(math.pi * x)
    with torch.no_grad():
        return ((model(x, t) - exact).norm() / exact.norm()).item()


model = PINN()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
for it in range(1, 1401):
    x_f, t_f = torch.rand(400, 1), torch.rand(400, 1)
    x_0 = torch.rand(100, 1)
    t_b = torch.rand(100, 1)
    loss_pde = residual(model, x_f, t_f).pow(2).mean()
    loss_ic = (model(x_0, torch.zeros_like(x_0)) - torch.sin(math.pi * x_0)).pow(2).mean()
    loss_bc = model(torch.zeros_like(t_b), t_b).pow(2).mean() + model(torch.ones_like(t_b), t_b).pow(2).mean()
    loss = loss_pde + 10 * loss_ic + 10 * loss_bc
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if it % 200 == 0:
        print(f"{it} total {loss.item():.3e} pde {loss_pde.item():.3e} ic {loss_ic.item():.3e} bc {loss_bc.item():.3e} rel L2 error {relative_error(model):.3f}")
