"""LBFGS with strong Wolfe line search: several closure calls for each step."""
import torch
from torch import nn

torch.manual_seed(0)
x = torch.linspace(-2, 2, 120)[:, None]
y = torch.sin(3 * x) * torch.exp(-x.abs())
net = nn.Sequential(nn.Linear(1, 20), nn.Tanh(), nn.Linear(20, 20), nn.Tanh(), nn.Linear(20, 1))
opt = torch.optim.LBFGS(net.parameters(), lr=1.0, max_iter=10, line_search_fn="strong_wolfe")


def closure():
    opt.zero_grad()
    loss = nn.functional.mse_loss(net(x), y)
    loss.backward()
    return loss


for step in range(60):
    loss = opt.step(closure)
    if step % 10 == 0:
        print(step, loss.item())
print("final mse", closure().item())
