"""Physics-informed net: u'' = f on [0, 1], u(0) = u(1) = 0, solution sin(pi x) + 0.3 sin(3 pi x)."""
import math
import os
import torch
import torch.nn as nn

MENDED = os.environ.get("MENDED") == "1"
torch.manual_seed(17)
PI = math.pi


def exact(x):
    return torch.sin(PI * x) + 0.3 * torch.sin(3 * PI * x)


def source(x):
    return -PI ** 2 * torch.sin(PI * x) - 2.7 * PI ** 2 * torch.sin(3 * PI * x)


class Field(nn.Module):
    def __init__(self, width=32, depth=3):
        super().__init__()
        act = nn.Tanh if MENDED else nn.ReLU
        layers = [nn.Linear(1, width), act()]
        for _ in range(depth - 1):
            layers += [nn.Linear(width, width), act()]
        layers.append(nn.Linear(width, 1))
        self.net = nn.Sequential(*layers)
        for m in self.net:
            if isinstance(m, nn.Linear):
                nn.init.xavier_normal_(m.weight)
                nn.init.zeros_(m.bias)

    def forward(self, x):
        return self.net(2 * x - 1)


def derivative(y, x):
    return torch.autograd.grad(y, x, torch.ones_like(y), create_graph=True)[0]


def residual(model, x):
    x = x.requires_grad_(True)
    u = model(x)
    u_x = derivative(u, x)
    u_xx = derivative(u_x, x)
    return u_xx - source(x)


model = Field()
opt = torch.optim.Adam(model.parameters(), lr=2e-3)
sched = torch.optim.lr_scheduler.MultiStepLR(opt, milestones=[1200, 1700], gamma=0.3)
edge = torch.tensor([[0.0], [1.0]])
grid = torch.linspace(0, 1, 201)[:, None]


def relative_error():
    with torch.no_grad():
        u = model(grid)
    return ((u - exact(grid)).norm() / exact(grid).norm()).item()


for step in range(2000):
    x = torch.rand(64, 1)
    pde = (residual(model, x) ** 2).mean()
    bc = (model(edge) ** 2).mean()
    loss = 0.01 * pde + 10.0 * bc
    opt.zero_grad()
    loss.backward()
    opt.step()
    sched.step()
    if step % 200 == 0:
        print(f"step {step} loss {loss.item():.5f} pde {pde.item():.4f} bc {bc.item():.6f} "
              f"relative error {relative_error():.4f}")

print(f"metric rel_error {relative_error():.4f}")
