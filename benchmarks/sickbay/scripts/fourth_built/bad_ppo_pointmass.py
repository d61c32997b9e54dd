"""PPO, discrete actions, point mass that has to be brought to the origin. 16 parallel envs."""
from dataclasses import dataclass
import torch
import torch.nn as nn
from torch.distributions import Categorical


@dataclass
class Cfg:
    envs: int = 16
    horizon: int = 64
    iters: int = 40
    epochs: int = 4
    minibatch: int = 256
    gamma: float = 0.97
    lam: float = 0.95
    clip: float = 0.2
    lr: float = 3e-3
    ent: float = 0.003


class Envs:
    def __init__(self, n):
        self.n = n
        self.pos, self.vel, self.t = torch.zeros(n), torch.zeros(n), torch.zeros(n)
        self.reset(torch.ones(n, dtype=torch.bool))

    def reset(self, m):
        k = int(m.sum())
        self.pos[m], self.vel[m], self.t[m] = torch.rand(k) * 4 - 2, torch.zeros(k), torch.randint(0, 10, (k,)).float()

    def obs(self):
        return torch.stack([self.pos, self.vel], 1)

    def step(self, a):
        self.vel = 0.9 * self.vel + 0.15 * (a.float() - 1)
        self.pos = self.pos + self.vel
        self.t += 1
        r = -self.pos.abs().clamp(max=3)
        done = self.t >= 50
        self.reset(done)
        return self.obs(), r, done.float()


def mlp(o):
    return nn.Sequential(nn.Linear(2, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, o))


def main(c=Cfg()):
    torch.manual_seed(2)
    env, actor, critic = Envs(c.envs), mlp(3), mlp(1)
    opt = torch.optim.Adam([*actor.parameters(), *critic.parameters()], lr=c.lr)
    obs = env.obs()
    for it in range(c.iters):
        O, A, LP, R, D, V = [], [], [], [], [], []
        with torch.no_grad():
            for _ in range(c.horizon):
                dist = Categorical(logits=actor(obs))
                a = dist.sample()
                O.append(obs); A.append(a); LP.append(dist.log_prob(a)); V.append(critic(obs))
                obs, r, d = env.step(a)
                R.append(r.unsqueeze(1)); D.append(d.unsqueeze(1))
            nxt, gae, adv = critic(obs), 0.0, []
            for t in reversed(range(c.horizon)):
                delta = R[t] + c.gamma * nxt * (1 - D[t]) - V[t]
                gae = delta + c.gamma * c.lam * (1 - D[t]) * gae
                adv.insert(0, gae)
                nxt = V[t]
        O, A, LP = torch.cat(O), torch.cat(A), torch.cat(LP)
        adv = torch.cat(adv)
        ret = adv + torch.cat(V)
        adv = (adv - adv.mean(dim=-1, keepdim=True)) / (adv.std(dim=-1, keepdim=True, unbiased=False) + 1e-8)
        adv = adv.flatten()
        pl = vl = en = 0.0
        for _ in range(c.epochs):
            for mb in torch.randperm(len(O)).split(c.minibatch):
                dist = Categorical(logits=actor(O[mb]))
                ratio = (dist.log_prob(A[mb]) - LP[mb]).exp()
                surr = torch.min(ratio * adv[mb], ratio.clamp(1 - c.clip, 1 + c.clip) * adv[mb])
                p_loss, v_loss, ent = -surr.mean(), (critic(O[mb]) - ret[mb]).pow(2).mean(), dist.entropy().mean()
                loss = p_loss + 0.5 * v_loss - c.ent * ent
                opt.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_([*actor.parameters(), *critic.parameters()], 0.5)
                opt.step()
                pl, vl, en = p_loss.item(), v_loss.item(), ent.item()
        if it % 4 == 3:
            print(f"iter {it + 1} mean reward/step {torch.cat(R).mean().item():.3f} policy loss {pl:.5f} value loss {vl:.3f} entropy {en:.3f}")


main()
