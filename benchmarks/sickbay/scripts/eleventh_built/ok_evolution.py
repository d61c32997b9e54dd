"""Evolution strategies on a point-mass docking task."""
import torch
import torch.nn as nn

torch.manual_seed(9)
policy = nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Linear(16, 2))
for p in policy.parameters():
    p.requires_grad_(False)
shapes = [p.shape for p in policy.parameters()]
sizes = [p.numel() for p in policy.parameters()]


def flat():
    return torch.cat([p.flatten() for p in policy.parameters()])


def rollout(pop, start):
    """pop (P, n) parameters, all run at once from the same starts."""
    w1, b1, w2, b2 = [c.reshape(len(pop), *s) for c, s in zip(pop.split(sizes, 1), shapes)]
    pos = start.expand(len(pop), -1, -1).clone(); vel = torch.zeros_like(pos); total = 0
    for _ in range(25):
        s = torch.cat([pos, vel], 2)
        h = torch.tanh(s @ w1.transpose(1, 2) + b1[:, None])
        a = torch.tanh(h @ w2.transpose(1, 2) + b2[:, None])
        vel = .9 * vel + .2 * a
        pos = pos + .2 * vel
        total = total - pos.norm(dim=2).mean(1)
    return total / 25


opt = torch.optim.Adam(policy.parameters(), lr=0.03)
test = torch.randn(1, 64, 2)
for g in range(200):
    eps = torch.randn(24, sum(sizes))
    base = flat()
    start = torch.randn(1, 12, 2)
    r = rollout(torch.cat([base + .1 * eps, base - .1 * eps]), start)
    r = (r - r.mean()) / (r.std() + 1e-6)
    grad = -((r[:24] - r[24:])[:, None] * eps).mean(0) / .2
    for p, gp in zip(policy.parameters(), grad.split(sizes)):
        p.grad = gp.view_as(p)
    opt.step()
    if g % 25 == 0 or g == 199:
        ret = rollout(flat()[None], test).item()
        print(f"generation {g} test return {ret:.4f}")
print("metric test_return", round(ret, 4))
