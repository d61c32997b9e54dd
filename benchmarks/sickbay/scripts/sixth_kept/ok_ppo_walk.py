"""Proximal policy optimisation on a small point-chasing task, many worlds at once."""
import torch
import torch.nn as nn

torch.manual_seed(42)
WORLDS, HORIZON, GAMMA, LAM = 32, 40, 0.95, 0.9


class Chase:
    """push a point mass to a goal; reward is minus the distance and a price for pushing"""

    def reset(self):
        self.pos, self.vel = 2 * torch.rand(WORLDS, 2) - 1, torch.zeros(WORLDS, 2)
        self.goal = 2 * torch.rand(WORLDS, 2) - 1
        return self.view()

    def view(self):
        return torch.cat([self.pos, self.vel, self.goal], 1)

    def step(self, a):
        a = a.clamp(-1, 1)
        self.vel = 0.8 * self.vel + 0.15 * a
        self.pos = self.pos + self.vel
        r = -(self.pos - self.goal).norm(dim=1) - 0.02 * (a ** 2).sum(1)
        return self.view(), r


class ActorCritic(nn.Module):
    def __init__(self):
        super().__init__()
        self.pi = nn.Sequential(nn.Linear(6, 48), nn.Tanh(), nn.Linear(48, 48), nn.Tanh(), nn.Linear(48, 2))
        self.v = nn.Sequential(nn.Linear(6, 48), nn.Tanh(), nn.Linear(48, 48), nn.Tanh(), nn.Linear(48, 1))
        self.log_std = nn.Parameter(torch.full((2,), -0.5))
        nn.init.orthogonal_(self.pi[-1].weight, 0.01)

    def dist(self, s):
        return torch.distributions.Normal(self.pi(s), self.log_std.exp())

    def value(self, s):
        return self.v(s).squeeze(-1)


net, env = ActorCritic(), Chase()
opt = torch.optim.Adam(net.parameters(), lr=1.5e-3, eps=1e-5)


@torch.no_grad()
def rollout():
    s = env.reset()
    S, A, L, R, V = [], [], [], [], []
    for _ in range(HORIZON):
        d = net.dist(s)
        a = d.sample()
        S.append(s), A.append(a), L.append(d.log_prob(a).sum(1)), V.append(net.value(s))
        s, r = env.step(a)
        R.append(r)
    V.append(net.value(s))
    adv, run = [None] * HORIZON, torch.zeros(WORLDS)
    for t in reversed(range(HORIZON)):
        delta = R[t] + GAMMA * V[t + 1] - V[t]
        run = delta + GAMMA * LAM * run
        adv[t] = run
    adv = torch.stack(adv)
    ret = adv + torch.stack(V[:-1])
    return (torch.cat(S), torch.cat(A), torch.cat(L), adv.flatten(), ret.flatten(), torch.stack(R).sum(0).mean().item())


for it in range(50):
    S, A, L, adv, ret, score = rollout()
    adv = (adv - adv.mean()) / (adv.std() + 1e-8)
    for _ in range(4):
        for idx in torch.randperm(len(S)).split(320):
            d = net.dist(S[idx])
            ratio = (d.log_prob(A[idx]).sum(1) - L[idx]).exp()
            pg = -torch.min(ratio * adv[idx], ratio.clamp(0.8, 1.2) * adv[idx]).mean()
            vl = 0.5 * ((net.value(S[idx]) - ret[idx]) ** 2).mean()
            entropy = d.entropy().sum(1).mean()
            loss = pg + 0.5 * vl - 0.002 * entropy
            opt.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 0.5)
            opt.step()
    if it % 5 == 0 or it == 49:
        print(f"iter {it} return {score:.2f} policy loss {pg.item():.4f} value loss {vl.item():.4f} entropy {entropy.item():.3f}")

final = sum(rollout()[-1] for _ in range(5)) / 5
print(f"metric mean_return {final:.4f}")
