"""Actor-critic with generalised advantages on a walk to a goal: shared trunk, entropy bonus, orthogonal start."""
import torch
import torch.nn as nn
from torch.distributions import Categorical

torch.manual_seed(0)


class Walks:
    def __init__(self, n):
        self.n, self.p, self.t = n, torch.randint(0, 11, (n,)), torch.zeros(n)

    def obs(self):
        return torch.stack([self.p / 5 - 1, self.t / 10 - 1], 1)

    def step(self, a):
        self.p = (self.p + a - 1).clamp(0, 10)
        self.t = self.t + 1
        goal = self.p == 8
        done = goal | (self.t >= 20)
        self.p = torch.where(done, torch.randint(0, 11, (self.n,)), self.p)
        self.t = torch.where(done, torch.zeros(self.n), self.t)
        return goal.float() - 0.02, done.float()


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(2, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh())
        self.pi, self.v = nn.Linear(64, 3), nn.Linear(64, 1)
        nn.init.orthogonal_(self.pi.weight, 0.01)

    def forward(self, s):
        h = self.trunk(s)
        return Categorical(logits=self.pi(h)), self.v(h).squeeze(-1)


net, env = Net(), Walks(32)
opt = torch.optim.Adam(net.parameters(), lr=3e-3, eps=1e-5)
for it in range(150):
    logs, vals, rews, dones, ents = [], [], [], [], []
    for _ in range(8):
        pi, v = net(env.obs())
        a = pi.sample()
        r, d = env.step(a)
        logs.append(pi.log_prob(a)), vals.append(v), rews.append(r), dones.append(d), ents.append(pi.entropy())
    with torch.no_grad():
        nxt = net(env.obs())[1]
        adv, back = [], torch.zeros(32)
        for t in reversed(range(8)):
            after = vals[t + 1] if t < 7 else nxt
            delta = rews[t] + 0.97 * after * (1 - dones[t]) - vals[t]
            back = delta + 0.97 * 0.95 * (1 - dones[t]) * back
            adv.insert(0, back)
        adv = torch.stack(adv)
        returns = adv + torch.stack(vals)
        norm = (adv - adv.mean()) / (adv.std() + 1e-8)
    loss = -(torch.stack(logs) * norm).mean() + 0.5 * (torch.stack(vals) - returns).square().mean()
    loss = loss - 0.01 * torch.stack(ents).mean()
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(net.parameters(), 0.5)
    opt.step()
    if it % 30 == 0:
        print(it, torch.stack(rews).mean().item())
