"""Few-shot sine regression by model-agnostic meta-learning (two inner steps, second order)."""
import math
import torch
import torch.nn.functional as F

torch.manual_seed(6)


def init(sizes):
    ps = []
    for i, o in zip(sizes[:-1], sizes[1:]):
        ps += [(torch.randn(o, i) * math.sqrt(1 / i)).requires_grad_(), torch.zeros(o, requires_grad=True)]
    return ps


def net(ps, x):
    for k in range(0, len(ps) - 2, 2):
        x = torch.tanh(F.linear(x, ps[k], ps[k + 1]))
    return F.linear(x, ps[-2], ps[-1])


def task():
    a, ph = torch.rand(1) * 3 + 0.5, torch.rand(1) * math.pi

    def draw(n):
        x = torch.rand(n, 1) * 8 - 4
        return x, a * torch.sin(x + ph)
    return draw


def adapt(ps, x, y, steps, lr=0.01, second=True):
    for _ in range(steps):
        g = torch.autograd.grad(F.mse_loss(net(ps, x), y), ps, create_graph=second)
        ps = [p - lr * gi for p, gi in zip(ps, g)]
    return ps


def test(meta):
    before = after = 0.0
    state = torch.get_rng_state()
    torch.manual_seed(999)
    for _ in range(60):
        d = task()
        (xs, ys), (xq, yq) = d(10), d(50)
        before += F.mse_loss(net(meta, xq), yq).item() / 60
        fast = adapt(meta, xs, ys, 5, second=False)
        after += F.mse_loss(net(fast, xq), yq).item() / 60
    torch.set_rng_state(state)
    return before, after


meta = init([1, 40, 40, 1])
opt = torch.optim.Adam(meta, lr=2e-3)
print("before training: zero-shot %.3f, adapted %.3f" % test(meta))
for it in range(1, 701):
    outer = 0.0
    for _ in range(4):
        d = task()
        (xs, ys), (xq, yq) = d(10), d(15)
        outer = outer + F.mse_loss(net(adapt(meta, xs, ys, 2), xq), yq) / 4
    opt.zero_grad()
    outer.backward()
    opt.step()
    if it % 100 == 0:
        print("it %d outer loss %.3f | zero-shot %.3f adapted %.3f" % (it, outer.item(), *test(meta)))
print("metric test_adapted_mse %.4f" % test(meta)[1])
