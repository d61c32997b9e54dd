"""Reptile meta-learning on sine tasks."""
import copy
import math
import torch
import torch.nn as nn

torch.manual_seed(13)


def task():
    a, p = torch.rand(1) * 2 + 1, torch.rand(1) * math.pi
    return lambda x: a * torch.sin(x + p)


def inner(net, f, steps, lr=.02, n=10):
    x = torch.rand(n, 1) * 10 - 5
    opt = torch.optim.SGD(net.parameters(), lr=lr)
    for _ in range(steps):
        loss = nn.functional.mse_loss(net(x), f(x))
        opt.zero_grad(); loss.backward(); opt.step()
    return loss.item()


tests = [task() for _ in range(16)]
grid = torch.linspace(-5, 5, 100)[:, None]


def evaluate(meta):
    state = torch.get_rng_state(); torch.manual_seed(99); tot = 0
    for f in tests:
        net = copy.deepcopy(meta)
        inner(net, f, 12)
        with torch.no_grad():
            tot += nn.functional.mse_loss(net(grid), f(grid)).item()
    torch.set_rng_state(state)
    return tot / len(tests)


meta = nn.Sequential(nn.Linear(1, 48), nn.Tanh(), nn.Linear(48, 48), nn.Tanh(), nn.Linear(48, 1))
print("before: mse after adaptation", round(evaluate(meta), 4))
ITERS, K = 300, 5
for it in range(ITERS):
    net = copy.deepcopy(meta)
    last = inner(net, task(), K, n=20)
    eps = 0.7 * (1 - it / ITERS)
    with torch.no_grad():
        for p, q in zip(meta.parameters(), net.parameters()):
            p += eps * (q - p)
    if it % 60 == 59:
        print(f"meta iter {it + 1} inner loss {last:.4f}")
print("metric adapted_mse", round(evaluate(meta), 4))
