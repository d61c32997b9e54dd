# physics-informed net for Newton cooling of a casting, t in seconds
#   dT/dt = -k (T - Ta),  T(0) = 1 (scaled), k = 0.001 1/s
import os
import torch

MENDED = bool(os.environ.get("MENDED"))
torch.manual_seed(123)
K, TA, T_END = 0.001, 0.2, 6000.0


class PINN(torch.nn.Module):
    def __init__(self, width=32, depth=3):
        super().__init__()
        layers, d = [], 1
        for _ in range(depth):
            layers += [torch.nn.Linear(d, width), torch.nn.Tanh()]
            d = width
        self.net = torch.nn.Sequential(*layers, torch.nn.Linear(d, 1))
        self.scale = T_END if MENDED else 1.0

    def forward(self, t):
        return self.net(t / self.scale)


def residual(model, t):
    t = t.requires_grad_(True)
    u = model(t)
    du = torch.autograd.grad(u, t, torch.ones_like(u), create_graph=True)[0]
    return du / K + (u - TA)


model = PINN()
opt = torch.optim.Adam(model.parameters(), lr=1e-3)
grid = torch.linspace(0, T_END, 200)[:, None]
exact = TA + (1 - TA) * torch.exp(-K * grid)
for it in range(2000):
    t = torch.rand(128, 1) * T_END
    loss_f = residual(model, t).pow(2).mean()
    loss_0 = (model(torch.zeros(1, 1)) - 1.0).pow(2).mean()
    loss = loss_f + loss_0
    opt.zero_grad()
    loss.backward()
    opt.step()
    if (it + 1) % 200 == 0:
        with torch.no_grad():
            rel = ((model(grid) - exact).norm() / exact.norm()).item()
        print(f"{it + 1:5d} pde {loss_f.item():.3e} ic {loss_0.item():.3e} rel err {rel:.4f}")
print("metric rel_l2", round(rel, 5))
