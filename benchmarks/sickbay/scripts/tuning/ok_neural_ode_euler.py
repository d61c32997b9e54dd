"""A neural ODE by Euler steps, fitted to trajectories of a spiral; the same layers run forty times per forward."""
import torch
from torch import nn

torch.manual_seed(0)
A = torch.tensor([[-0.1, 2.0], [-2.0, -0.1]])
T, dt = 20, 0.05


def truth(x0):
    xs = [x0]
    for _ in range(T):
        xs.append(xs[-1] + dt * (torch.tanh(2 * xs[-1]) @ A.T))
    return torch.stack(xs, 1)


class ODE(nn.Module):
    def __init__(self):
        super().__init__()
        self.f = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 2))

    def forward(self, x):
        out = [x]
        for _ in range(T):
            x = x + dt * self.f(x)
            out.append(x)
        return torch.stack(out, 1)


ode = ODE()
opt = torch.optim.Adam(ode.parameters(), lr=1e-2)
for it in range(250):
    x0 = torch.randn(24, 2).clamp(-1.5, 1.5)
    loss = (ode(x0) - truth(x0)).abs().mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    if it % 50 == 0:
        print(it, loss.item())
print("final l1", loss.item())
