"""MAML on sine waves: inner step by functional_call with create_graph, outer step by Adam."""
import torch
from torch import nn
from torch.func import functional_call

torch.manual_seed(0)
net = nn.Sequential(nn.Linear(1, 40), nn.ReLU(), nn.Linear(40, 40), nn.ReLU(), nn.Linear(40, 1))
meta = torch.optim.Adam(net.parameters(), lr=1e-3)


def task():
    a, p = torch.rand(1) * 4 + 0.5, torch.rand(1) * 3.14
    x = torch.rand(20, 1) * 10 - 5
    return x, a * torch.sin(x + p)


for it in range(400):
    total = 0.0
    for _ in range(4):
        x, y = task()
        w = dict(net.named_parameters())
        inner = nn.functional.mse_loss(functional_call(net, w, x[:10]), y[:10])
        grads = torch.autograd.grad(inner, list(w.values()), create_graph=True)
        w = {k: v - 0.02 * g for (k, v), g in zip(w.items(), grads, strict=True)}
        total = total + nn.functional.mse_loss(functional_call(net, w, x[10:]), y[10:])
    meta.zero_grad()
    (total / 4).backward()
    meta.step()
    if it % 80 == 0:
        print(it, (total / 4).item())
print("final post_adaptation_loss", (total / 4).item())
