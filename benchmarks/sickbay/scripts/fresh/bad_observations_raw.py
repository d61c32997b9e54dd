"""An actor-critic whose observations are raw sensor values, from hundredths to thousands."""
# after github.com/DLR-RM/stable-baselines3/issues/416 and issues/563
import os
import torch
import torch.nn as nn
from torch.distributions import Categorical

torch.manual_seed(0)
low = torch.tensor([0.0, 900.0, 2500.0, 0.0])
high = torch.tensor([0.05, 1100.0, 9000.0, 360.0])


class Actor(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(4, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh())
        self.pi, self.v = nn.Linear(64, 3), nn.Linear(64, 1)

    def forward(self, s):
        h = self.body(s)
        return Categorical(logits=self.pi(h)), self.v(h).squeeze(1)


net = Actor()
opt = torch.optim.Adam(net.parameters(), lr=3e-3)


def observe(n):
    u = torch.rand(n, 4)
    best = torch.where(u[:, 0] > 0.6, 2, torch.where(u[:, 1] > u[:, 3], 1, 0))
    obs = low + u * (high - low)
    return ((obs - low) / (high - low) * 2 - 1 if os.environ.get("MENDED") else obs), best


for it in range(500):
    obs, best = observe(64)
    pi, v = net(obs)
    a = pi.sample()
    r = (a == best).float()
    adv = (r - v).detach()
    loss = -(pi.log_prob(a) * adv).mean() + 0.5 * (r - v).pow(2).mean() - 0.01 * pi.entropy().mean()
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(net.parameters(), 0.5)
    opt.step()
    if it % 100 == 0:
        print(it, "reward", r.mean().item())
with torch.no_grad():
    obs, best = observe(2000)
    print("final regret", 1 - (net(obs)[0].probs.argmax(1) == best).float().mean().item())
