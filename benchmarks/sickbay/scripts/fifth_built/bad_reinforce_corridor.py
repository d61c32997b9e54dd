"""REINFORCE on a windy corridor: walk right to the door, get paid at the door, each step costs a little."""
import os
import numpy as np
import torch
import torch.nn as nn
from torch.distributions import Categorical

MENDED = os.environ.get("MENDED") == "1"
torch.manual_seed(3)
np.random.seed(3)


class Corridor:
    """State: position in 0..9 and a flag whether the key was taken (at position 0)."""

    def __init__(self, length=10, limit=40):
        self.length, self.limit = length, limit

    def obs(self):
        o = np.zeros(self.length + 1, dtype=np.float32)
        o[self.pos] = 1.0
        o[-1] = float(self.key)
        return o

    def reset(self):
        self.pos, self.key, self.t = 4, False, 0
        return self.obs()

    def step(self, action):
        move = 1 if action == 1 else -1
        if np.random.rand() < 0.1:
            move = -move
        self.pos = int(np.clip(self.pos + move, 0, self.length - 1))
        self.t += 1
        reward, done = -0.05, False
        if self.pos == 0 and not self.key:
            self.key = True
        if self.pos == self.length - 1 and self.key:
            reward, done = 5.0, True
        return self.obs(), reward, done or self.t >= self.limit


class Policy(nn.Module):
    def __init__(self, n_obs, n_act=2, hidden=32):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(n_obs, hidden), nn.Tanh(), nn.Linear(hidden, n_act))

    def forward(self, x):
        return Categorical(logits=self.net(x))


def discount_rewards(r, gamma=0.97):
    r = np.asarray(r, dtype=np.float32)
    if MENDED:
        out, running = np.zeros_like(r), 0.0
        for t in reversed(range(len(r))):
            running = r[t] + gamma * running
            out[t] = running
        return out
    return np.array([val * (gamma ** i) for i, val in enumerate(r)], dtype=np.float32)


env = Corridor()
policy = Policy(11)
optimizer = torch.optim.Adam(policy.parameters(), lr=5e-3)
history = []

for update in range(1, 151):
    log_probs, returns = [], []
    for _ in range(8):
        obs, done, rewards = env.reset(), False, []
        while not done:
            dist = policy(torch.from_numpy(obs))
            action = dist.sample()
            log_probs.append(dist.log_prob(action))
            obs, reward, done = env.step(action.item())
            rewards.append(reward)
        returns.append(discount_rewards(rewards))
        history.append(sum(rewards))
    returns = torch.from_numpy(np.concatenate(returns))
    returns = (returns - returns.mean()) / (returns.std() + 1e-8)
    loss = -(torch.stack(log_probs) * returns).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if update % 10 == 0:
        print("update %d loss %.4f mean_return %.3f cost %.3f" % (
            update, loss.item(), np.mean(history[-80:]), 5.0 - np.mean(history[-80:])))
