"""Deep Q-learning on a one-dimensional balancing task: +1 for every step until it falls."""
import copy
import os
import random
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

MENDED = os.environ.get("MENDED") == "1"
torch.manual_seed(16)
random.seed(16)
np.random.seed(16)


class Balance:
    """the pole drifts away from the middle faster the farther it is out"""

    LIMIT, MAX_STEPS = 1.0, 100

    def reset(self):
        self.x, self.v, self.t = random.uniform(-0.2, 0.2), random.uniform(-0.1, 0.1), 0
        return np.array([self.x, self.v], dtype=np.float32)

    def step(self, action):
        self.v += 0.06 * self.x + (0.05 if action == 1 else -0.05) + random.gauss(0, 0.01)
        self.x += self.v
        self.t += 1
        fell = abs(self.x) > self.LIMIT
        return np.array([self.x, self.v], dtype=np.float32), 1.0, fell, self.t >= self.MAX_STEPS


class QNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(2, 48), nn.ReLU(), nn.Linear(48, 48), nn.ReLU(), nn.Linear(48, 2))

    def forward(self, s):
        return self.net(s)


class Replay:
    def __init__(self, size=10000):
        self.data, self.size = [], size

    def push(self, *item):
        self.data.append(item)
        if len(self.data) > self.size:
            self.data.pop(0)

    def sample(self, n):
        s, a, r, s2, d = zip(*random.sample(self.data, n))
        return (torch.from_numpy(np.stack(s)), torch.tensor(a), torch.tensor(r),
                torch.from_numpy(np.stack(s2)), torch.tensor(d, dtype=torch.float32))


GAMMA, BATCH = 0.97, 64
q = QNet()
target = copy.deepcopy(q)
opt = torch.optim.Adam(q.parameters(), lr=1e-3)
env, memory = Balance(), Replay()


def play(episodes=20):
    total = 0
    for _ in range(episodes):
        s, over = env.reset(), False
        while not over:
            with torch.no_grad():
                a = q(torch.from_numpy(s)).argmax().item()
            s, r, fell, timeout = env.step(a)
            total += r
            over = fell or timeout
    return total / episodes


def learn():
    s, a, r, s2, done = memory.sample(BATCH)
    with torch.no_grad():
        next_q = target(s2).max(1).values
        if MENDED:
            y = r + GAMMA * (1 - done) * next_q
        else:
            y = r + GAMMA * next_q
    pred = q(s).gather(1, a[:, None]).squeeze(1)
    loss = F.smooth_l1_loss(pred, y)
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(q.parameters(), 10.0)
    opt.step()
    return loss.item(), pred.mean().item()


s, updates = env.reset(), 0
for step in range(6000):
    eps = max(0.05, 1.0 - step / 3000)
    if random.random() < eps:
        a = random.randrange(2)
    else:
        with torch.no_grad():
            a = q(torch.from_numpy(s)).argmax().item()
    s2, r, fell, timeout = env.step(a)
    memory.push(s, a, r, s2, fell)
    s = env.reset() if (fell or timeout) else s2
    if step >= 500 and step % 2 == 0:
        loss, q_mean = learn()
        updates += 1
        if updates % 100 == 0:
            target.load_state_dict(q.state_dict())
        if updates % 250 == 0:
            print(f"update {updates} td loss {loss:.4f} mean Q {q_mean:.2f} eps {eps:.2f}")

result = play(40)
print(f"greedy policy stands {result:.1f} of {env.MAX_STEPS} steps")
print(f"metric val_return {result:.4f}")
