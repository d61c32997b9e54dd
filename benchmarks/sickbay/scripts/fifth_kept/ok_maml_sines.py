"""Meta-learning of sine waves: inner steps on functional weights, outer step through them (second order)."""
import math
import torch
import torch.nn as nn
from torch.func import functional_call

torch.manual_seed(51)
INNER_LR, SHOTS, TASKS = 0.02, 10, 8


def task():
    amp, phase = 0.5 + 2.5 * torch.rand(1), math.pi * torch.rand(1)

    def draw(n):
        x = torch.rand(n, 1) * 8 - 4
        return x, amp * torch.sin(x + phase)

    return draw


class Net(nn.Module):
    def __init__(self, width=40):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(1, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 1))

    def forward(self, x):
        return self.layers(x)


def adapt(net, params, x, y, steps, second_order):
    for _ in range(steps):
        loss = nn.functional.mse_loss(functional_call(net, params, (x,)), y)
        grads = torch.autograd.grad(loss, list(params.values()), create_graph=second_order)
        params = {k: p - INNER_LR * g for (k, p), g in zip(params.items(), grads)}
    return params


def evaluate(net, n=40):
    total = 0.0
    for _ in range(n):
        draw = task()
        fast = adapt(net, {k: p.detach().requires_grad_() for k, p in net.named_parameters()}, *draw(SHOTS), 5, False)
        x, y = draw(100)
        with torch.no_grad():
            total += nn.functional.mse_loss(functional_call(net, fast, (x,)), y).item()
    return total / n


net = Net()
meta = torch.optim.Adam(net.parameters(), lr=2e-3)
print(f"before: adapted_mse {evaluate(net):.4f}")
for it in range(1, 1201):
    meta_loss = 0.0
    for _ in range(TASKS):
        draw = task()
        fast = adapt(net, dict(net.named_parameters()), *draw(SHOTS), 1, True)
        x, y = draw(SHOTS)
        meta_loss = meta_loss + nn.functional.mse_loss(functional_call(net, fast, (x,)), y) / TASKS
    meta.zero_grad(set_to_none=True)
    meta_loss.backward()
    meta.step()
    if it % 200 == 0:
        print(f"iteration {it} meta_loss {meta_loss.item():.4f} adapted_mse {evaluate(net):.4f}")
