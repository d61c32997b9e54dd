"""OpenAI style evolution strategies: no backward at all, the estimate is put into .grad and Adam does the rest."""
import torch
import torch.nn as nn

torch.manual_seed(6)
H, POP, SIGMA, STEPS = 12, 40, 0.1, 200
N_PAR = 3 * H + H + H + 1
theta = nn.Parameter(0.3 * torch.randn(N_PAR))
opt = torch.optim.Adam([theta], lr=0.05)


def act(P, s):
    """P: (pop, n_par), s: (pop, n, 3)"""
    w1, b1, w2, b2 = P.split([3 * H, H, H, 1], 1)
    h = torch.tanh(torch.baddbmm(b1[:, None], s, w1.view(-1, 3, H)))
    return torch.tanh(torch.baddbmm(b2[:, None], h, w2[:, :, None])).squeeze(2)


def rollout(P, seed, n=10, T=40):
    """cart on a line has to follow a moving mark"""
    g = torch.Generator().manual_seed(seed)
    k = len(P)
    x, phase = torch.randn(1, n, generator=g).repeat(k, 1), torch.rand(1, n, generator=g) * 6.28
    v, score = torch.zeros(k, n), torch.zeros(k)
    for t in range(T):
        mark = torch.sin(0.15 * t + phase)
        a = act(P, torch.stack([x - mark, v, torch.cos(0.15 * t + phase).expand(k, n)], 2))
        v = 0.8 * v + 0.3 * a
        x = x + v
        score -= (x - mark).abs().mean(1) / T
    return score


with torch.no_grad():
    for it in range(STEPS):
        eps = torch.randn(POP // 2, N_PAR)
        eps = torch.cat([eps, -eps])
        fit = rollout(theta + SIGMA * eps, seed=it)
        rank = fit.argsort().argsort().float() / (POP - 1) - 0.5
        theta.grad = -(rank @ eps) / (POP * SIGMA)
        opt.step()
        if it % 25 == 0:
            print(f"gen {it} mean fitness {fit.mean():.4f} best {fit.max():.4f}")
    print(f"metric eval_score {rollout(theta[None], 10_000, n=400).item():.4f}")
