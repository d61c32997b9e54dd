# REINFORCE for a parcel sorter: every step a parcel (noisy reading of its kind) comes, push it into one of 4 chutes.
# Reward +1 right chute, -1 wrong one; a wrong push also jams the belt for one step (reading is blank then).
import os
import numpy as np
import torch
import torch.nn as nn
from torch.distributions import Categorical

MENDED = bool(os.environ.get("MENDED"))
np.random.seed(1)
torch.manual_seed(1)

GAMMA, HORIZON, N_ENV = 0.6, 24, 16
KINDS = np.random.randn(4, 6)


class Belt:
    """N_ENV belts in parallel"""
    def reset(self):
        self.jam = np.zeros(N_ENV, bool)
        return self.draw()

    def draw(self):
        self.kind = np.random.randint(4, size=N_ENV)
        read = KINDS[self.kind] + 0.3 * np.random.randn(N_ENV, 6)
        read[self.jam] = 0
        return torch.tensor(read, dtype=torch.float32)

    def step(self, a):
        good = (a == self.kind)
        rew = np.where(self.jam, 0.0, np.where(good, 1.0, -1.0))
        self.jam = ~good & ~self.jam
        return self.draw(), rew


policy = nn.Sequential(nn.Linear(6, 32), nn.Tanh(), nn.Linear(32, 4))
optimizer = torch.optim.Adam(policy.parameters(), lr=5e-3)
env = Belt()


def finish_episode(log_probs, rewards):
    R, returns = 0, []
    for r in rewards[::-1]:
        R = r + GAMMA * R
        returns.append(R)
    if MENDED:
        returns.reverse()
    G = torch.tensor(np.stack(returns), dtype=torch.float32)
    G = (G - G.mean()) / (G.std() + 1e-8)
    loss = -(torch.stack(log_probs) * G).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


history = []
for episode in range(300):
    s = env.reset()
    lps, rews = [], []
    for t in range(HORIZON):
        dist = Categorical(logits=policy(s))
        a = dist.sample()
        lps.append(dist.log_prob(a))
        s, r = env.step(a.numpy())
        rews.append(r)
    loss = finish_episode(lps, rews)
    history.append(np.mean(rews))
    if episode % 30 == 29:
        print("Episode {}\tloss {:.4f}\treward per step {:.3f}".format(episode + 1, loss, np.mean(history[-30:])))

with torch.no_grad():
    tot = []
    for _ in range(10):
        s = env.reset()
        for t in range(HORIZON):
            s, r = env.step(policy(s).argmax(1).numpy())
            tot.append(r.mean())
print("metric eval_reward {:.4f}".format(np.mean(tot)))
