"""Second order MAML for sine regression, 5 inner steps at test, two at train time."""
import math
import torch
import torch.nn.functional as F

torch.manual_seed(60)
HID, K, INNER = 40, 10, 0.1


def init():
    g = lambda o, i: torch.nn.Parameter(torch.randn(o, i) / math.sqrt(i))
    z = lambda o: torch.nn.Parameter(torch.zeros(o))
    return [g(HID, 1), z(HID), g(HID, HID), z(HID), g(1, HID), z(1)]


def forward(w, x):
    h = torch.tanh(F.linear(x, w[0], w[1]))
    h = torch.tanh(F.linear(h, w[2], w[3]))
    return F.linear(h, w[4], w[5])


def task():
    a, ph = 0.5 + 1.5 * torch.rand(1), math.pi * torch.rand(1)
    def draw(n):
        x = torch.rand(n, 1) * 6 - 3
        return x, a * torch.sin(x + ph)
    return draw


def adapt(w, x, y, steps, second=True):
    for _ in range(steps):
        g = torch.autograd.grad(F.mse_loss(forward(w, x), y), w, create_graph=second)
        w = [p - INNER * d for p, d in zip(w, g)]
    return w


def evaluate(w, n=60, steps=5):
    torch_state = torch.get_rng_state(); torch.manual_seed(1234)
    pre = post = 0.0
    for _ in range(n):
        t = task()
        x, y = t(K); xq, yq = t(50)
        pre += F.mse_loss(forward(w, xq), yq).item() / n
        post += F.mse_loss(forward(adapt(w, x, y, steps, second=False), xq), yq).item() / n
    torch.set_rng_state(torch_state)
    return pre, post


w = init()
opt = torch.optim.Adam(w, lr=3e-3)
for it in range(700):
    opt.zero_grad()
    outer = 0.0
    for _ in range(4):
        t = task()
        fast = adapt(w, *t(K), 2)
        xq, yq = t(K)
        outer = outer + F.mse_loss(forward(fast, xq), yq) / 4
    outer.backward()
    opt.step()
    if it % 150 == 0:
        pre, post = evaluate(w)
        print(f"iter {it} outer {outer.item():.3f} before adaptation {pre:.3f} after {post:.3f}")
pre, post = evaluate(w)
print(f"before {pre:.4f} after {post:.4f}")
print(f"metric adapted_mse {post:.4f}")
