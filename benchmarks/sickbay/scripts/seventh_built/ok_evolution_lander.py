"""Evolution strategies (antithetic, rank-shaped) for a thrust controller; no backpropagation."""
import numpy as np
import torch

torch.manual_seed(3)
np.random.seed(3)
SIZES = [(3, 16), (16,), (16, 1), (1,)]
DIM = sum(int(np.prod(s)) for s in SIZES)
theta = torch.nn.Parameter(torch.randn(DIM) * 0.1)
opt = torch.optim.Adam([theta], lr=0.05)
POP, SIGMA = 20, 0.1


def unpack(pop):
    out, k = [], 0
    for s in SIZES:
        n = int(np.prod(s))
        out.append(pop[:, k:k + n].reshape(len(pop), *s))
        k += n
    return out


def rollout(pop, episodes=6, seed=None):
    """Mean return of every row of pop; all rows meet the same start states."""
    r = np.random.RandomState(seed)
    start = torch.tensor(np.stack([r.uniform(0.5, 1.5, episodes), r.uniform(-0.4, 0.2, episodes)], 1)).float()
    w1, b1, w2, b2 = unpack(pop)
    h = start[:, 0].expand(len(pop), -1).clone()
    v = start[:, 1].expand(len(pop), -1).clone()
    total = torch.zeros(len(pop))
    for t in range(40):
        obs = torch.stack([h, v, torch.ones_like(h)], 2)
        z = torch.tanh(torch.einsum("pei,pij->pej", obs, w1) + b1[:, None])
        u = torch.sigmoid(torch.einsum("pej,pjk->pek", z, w2) + b2[:, None]).squeeze(2)
        v = v + 0.05 * (2.0 * u - 1.0)
        h = h + v * 0.1
        total += -((h - 0.2).abs() + 0.3 * v.abs() + 0.02 * u).mean(1)
    return total


with torch.no_grad():
    print("return at start %.2f" % rollout(theta[None], 50, 1234).item())
    for gen in range(1, 201):
        eps = torch.randn(POP, DIM)
        fit = rollout(torch.cat([theta + SIGMA * eps, theta - SIGMA * eps]), seed=gen)
        rank = fit.argsort().argsort().float() / (2 * POP - 1) - 0.5
        grad = ((rank[:POP] - rank[POP:])[:, None] * eps).mean(0) / SIGMA
        theta.grad = -grad
        opt.step()
        if gen % 25 == 0:
            print("generation %d best %.2f mean %.2f test %.2f"
                  % (gen, fit.max(), fit.mean(), rollout(theta[None], 50, 1234).item()))
    print("metric test_return %.3f" % rollout(theta[None], 50, 1234).item())
