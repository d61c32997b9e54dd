"""Proximal policy optimisation: a probe learns to dock at the origin with continuous thrust."""
import torch
import torch.nn as nn
from torch.distributions import Normal

torch.manual_seed(90)
ENVS, HORIZON, GAMMA, LAM, CLIP = 32, 40, 0.97, 0.95, 0.2


class Docking:
    """Vectorised: position and speed in the plane, 40 steps per episode."""

    def __init__(self, n):
        self.n = n

    def reset(self):
        self.pos = 2 * torch.rand(self.n, 2) - 1
        self.vel = 0.2 * torch.randn(self.n, 2)
        return self.obs()

    def obs(self):
        return torch.cat([self.pos, self.vel], 1)

    def step(self, action):
        a = action.clamp(-1, 1)
        self.vel = 0.95 * self.vel + 0.12 * a
        self.pos = self.pos + 0.2 * self.vel
        reward = -self.pos.norm(dim=1) - 0.02 * (a ** 2).sum(1)
        return self.obs(), reward


class ActorCritic(nn.Module):
    def __init__(self):
        super().__init__()
        self.pi = nn.Sequential(nn.Linear(4, 48), nn.Tanh(), nn.Linear(48, 48), nn.Tanh(), nn.Linear(48, 2))
        self.v = nn.Sequential(nn.Linear(4, 48), nn.Tanh(), nn.Linear(48, 48), nn.Tanh(), nn.Linear(48, 1))
        self.log_std = nn.Parameter(torch.full((2,), -0.5))
        nn.init.zeros_(self.pi[-1].weight)
        nn.init.zeros_(self.pi[-1].bias)

    def dist(self, s):
        return Normal(self.pi(s), self.log_std.exp())

    def value(self, s):
        return self.v(s).squeeze(-1)


def rollout(env, ac):
    s = env.reset()
    S, A, LP, R, V = [], [], [], [], []
    with torch.no_grad():
        for _ in range(HORIZON):
            d = ac.dist(s)
            a = d.sample()
            S.append(s), A.append(a), LP.append(d.log_prob(a).sum(1)), V.append(ac.value(s))
            s, r = env.step(a)
            R.append(r)
        V.append(ac.value(s))
    adv, running = [None] * HORIZON, torch.zeros(env.n)
    for k in reversed(range(HORIZON)):
        delta = R[k] + GAMMA * V[k + 1] - V[k]
        running = delta + GAMMA * LAM * running
        adv[k] = running
    adv = torch.stack(adv)
    ret = adv + torch.stack(V[:-1])
    return [torch.cat(list(z)) if isinstance(z, list) else z.flatten() for z in (S, A, LP, adv, ret)], torch.stack(R).sum(0).mean()


env, ac = Docking(ENVS), ActorCritic()
opt = torch.optim.Adam(ac.parameters(), lr=2e-3, eps=1e-5)
for it in range(45):
    (s, a, logp_old, adv, ret), total = rollout(env, ac)
    adv = (adv - adv.mean()) / (adv.std() + 1e-8)
    for _ in range(4):
        for idx in torch.randperm(len(s)).split(320):
            d = ac.dist(s[idx])
            ratio = (d.log_prob(a[idx]).sum(1) - logp_old[idx]).exp()
            surrogate = torch.min(ratio * adv[idx], ratio.clamp(1 - CLIP, 1 + CLIP) * adv[idx])
            loss = -surrogate.mean() + 0.5 * (ac.value(s[idx]) - ret[idx]).pow(2).mean() - 0.002 * d.entropy().sum(1).mean()
            opt.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(ac.parameters(), 0.5)
            opt.step()
    if it % 9 == 0 or it == 44:
        print(f"iteration {it:2d} return {total.item():8.3f} loss {loss.item():+.4f} std {ac.log_std.exp().mean().item():.3f}")

test_env = Docking(500)
s = test_env.reset()
with torch.no_grad():
    for _ in range(HORIZON):
        s, _ = test_env.step(ac.pi(s))
docked = (s[:, :2].norm(dim=1) < 0.15).float().mean().item()
print(f"metric docked {docked:.4f}")
