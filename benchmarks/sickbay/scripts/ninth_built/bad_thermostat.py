"""Policy gradient for a thermostat: keep the room close to the set point."""
import os
import torch
import torch.nn as nn
from torch.distributions import Categorical

MENDED = bool(os.environ.get("MENDED"))
torch.manual_seed(6)
GAMMA, HORIZON, ROOMS = 0.3, 24, 8


class Rooms:
    def reset(self):
        self.temp = torch.empty(ROOMS).uniform_(-3, 3)
        return self.temp[:, None].clone()

    def step(self, action):
        self.temp = self.temp + 0.5 * (action.float() - 1) + 0.15 * torch.randn(ROOMS)
        reward = -self.temp.abs()
        return self.temp[:, None].clone(), reward


class Policy(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(1, 32), nn.Tanh(), nn.Linear(32, 3))

    def forward(self, s):
        return Categorical(logits=self.body(s))


def discount(rewards):
    out, g = [], torch.zeros(ROOMS)
    for r in reversed(rewards):
        g = r + GAMMA * g
        out.append(g)
    if MENDED:
        out.reverse()
    return torch.stack(out)


env, policy = Rooms(), Policy()
opt = torch.optim.Adam(policy.parameters(), lr=4e-3)
history = []
for update in range(1, 251):
    s = env.reset()
    logps, rewards = [], []
    for _ in range(HORIZON):
        dist = policy(s)
        a = dist.sample()
        logps.append(dist.log_prob(a))
        s, r = env.step(a)
        rewards.append(r)
    G = discount(rewards)
    adv = (G - G.mean()) / (G.std() + 1e-8)
    loss = -(torch.stack(logps) * adv).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    history.append(torch.stack(rewards).mean().item())
    if update % 25 == 0:
        print(f"update {update} mean reward {sum(history[-25:]) / 25:.3f} entropy {dist.entropy().mean().item():.3f}")
print("metric mean_reward %.4f" % (sum(history[-25:]) / 25))
