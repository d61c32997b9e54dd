"""Evolution strategy: balance an inverted pendulum, estimated gradients handed to Adam."""
import torch
import torch.nn as nn

torch.manual_seed(12)
POP, SIGMA, T = 32, 0.1, 100
policy = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1), nn.Tanh())
theta = nn.utils.parameters_to_vector(policy.parameters()).detach().clone().requires_grad_(True)
opt = torch.optim.Adam([theta], lr=0.05)


def act(P, s):                       # P: (n, params), s: (n, m, 2)
    w1, b1 = P[:, :16].view(-1, 8, 2), P[:, 16:24]
    w2, b2 = P[:, 24:32].view(-1, 1, 8), P[:, 32:33]
    h = torch.tanh(s @ w1.transpose(1, 2) + b1[:, None])
    return torch.tanh(h @ w2.transpose(1, 2) + b2[:, None]).squeeze(-1)


def rollout(P, s):
    a, v = s[..., 0].clone(), s[..., 1].clone()
    alive = torch.ones_like(a)
    steps = torch.zeros_like(a)
    for _ in range(T):
        u = act(P, torch.stack([a, v], -1))
        v = v + 0.05 * (9.0 * a.sin() + 8.0 * u)
        a = a + 0.05 * v
        alive = alive * (a.abs() < 0.8).float()
        a, v = a.clamp(-2, 2), v.clamp(-8, 8)
        steps += alive * (1 - a.abs())
    return steps.mean(1)


@torch.no_grad()
def start(n, m):
    return (torch.rand(1, m, 2) - 0.5).expand(n, m, 2) * 0.6


for gen in range(1, 201):
    with torch.no_grad():
        eps = torch.randn(POP // 2, theta.numel())
        eps = torch.cat([eps, -eps])
        fit = rollout(theta + SIGMA * eps, start(POP, 6))
        rank = fit.argsort().argsort().float() / (POP - 1) - 0.5
        theta.grad = -(rank[:, None] * eps).mean(0) / SIGMA
    opt.step()
    if gen % 20 == 0:
        with torch.no_grad():
            score = rollout(theta[None], start(1, 200)).item()
        print(f"gen {gen} mean fitness {fit.mean().item():.1f} centre {score:.1f} / {T}")
print("metric balanced_score %.3f" % score)
