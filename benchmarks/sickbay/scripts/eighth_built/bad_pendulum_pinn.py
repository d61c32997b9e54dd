"""Physics-informed network for a damped pendulum; compared with a Runge-Kutta solution."""
import os
import torch
import torch.nn as nn

MENDED = bool(os.environ.get("MENDED"))
torch.manual_seed(0)
DAMP, T_END = 0.25, 4.0


def rk4(n=400):
    def f(s):
        return torch.stack([s[1], -torch.sin(s[0]) - DAMP * s[1]])
    s, h, path = torch.tensor([1.2, 0.0]), T_END / n, []
    for _ in range(n + 1):
        path.append(s)
        k1 = f(s)
        k2 = f(s + h / 2 * k1)
        k3 = f(s + h / 2 * k2)
        k4 = f(s + h * k3)
        s = s + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return torch.linspace(0, T_END, n + 1).unsqueeze(1), torch.stack(path)


class Pinn(nn.Module):
    def __init__(self, width=40):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(1, width), nn.Tanh(), nn.Linear(width, width), nn.Tanh(),
            nn.Linear(width, width), nn.Tanh(), nn.Linear(width, 2),
        )

    def forward(self, t):
        return self.net(2 * t / T_END - 1)


def d_dt(u, t):
    return torch.autograd.grad(u, t, torch.ones_like(u), retain_graph=True, create_graph=MENDED)[0]


def residuals(model, t):
    t = t.requires_grad_(True)
    out = model(t)
    theta, omega = out[:, :1], out[:, 1:]
    r1 = d_dt(theta, t) - omega
    r2 = d_dt(omega, t) + torch.sin(theta) + DAMP * omega
    return (r1 ** 2).mean() + (r2 ** 2).mean()


model = Pinn()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.9985)
t0, s0 = torch.zeros(1, 1), torch.tensor([[1.2, 0.0]])
ITERS = 1500

for it in range(ITERS):
    optimizer.zero_grad()
    phys = residuals(model, T_END * torch.rand(80, 1))
    init = ((model(t0) - s0) ** 2).sum()
    loss = phys + 5.0 * init
    loss.backward()
    optimizer.step()
    scheduler.step()
    if it % 300 == 0 or it == ITERS - 1:
        print(f"iter {it:5d} physics {phys.item():.5f} initial {init.item():.6f}")

grid, truth = rk4()
with torch.no_grad():
    err = (model(grid)[:, 0] - truth[:, 0]).pow(2).mean().sqrt().item()
for k in range(0, 401, 100):
    with torch.no_grad():
        print(f"t={grid[k].item():.1f} network {model(grid[k:k + 1])[0, 0].item():+.3f} reference {truth[k, 0].item():+.3f}")
print(f"metric rmse {err:.4f}")
