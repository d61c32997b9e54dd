"""Deep Q-learning on a hand-written cart-pole."""
import copy
import math
import os
import random
from collections import deque

import numpy as np
import torch
import torch.nn as nn

MENDED = bool(os.environ.get("MENDED"))
random.seed(0)
np.random.seed(0)
torch.manual_seed(0)


class CartPole:
    def reset(self):
        self.s = np.random.uniform(-0.05, 0.05, 4)
        self.t = 0
        return self.s.astype(np.float32)

    def step(self, action):
        x, xd, th, thd = self.s
        force = 10.0 if action == 1 else -10.0
        c, s = math.cos(th), math.sin(th)
        tmp = (force + 0.05 * thd ** 2 * s) / 1.1
        tha = (9.8 * s - c * tmp) / (0.5 * (4 / 3 - 0.1 * c * c / 1.1))
        xa = tmp - 0.05 * tha * c / 1.1
        self.s = np.array([x + 0.02 * xd, xd + 0.02 * xa, th + 0.02 * thd, thd + 0.02 * tha])
        self.t += 1
        fallen = abs(self.s[0]) > 2.4 or abs(self.s[2]) > 0.2095
        return self.s.astype(np.float32), 1.0, fallen, self.t >= 200


class QNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(4, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2))

    def forward(self, s):
        return self.layers(s)


class Agent:
    def __init__(self):
        self.q = QNet()
        self.target = copy.deepcopy(self.q)
        self.optim = torch.optim.Adam(self.q.parameters(), lr=1e-3)
        self.memory = deque(maxlen=10000)
        self.gamma = 0.98
        self.updates = 0

    def act(self, state, eps):
        if random.random() < eps:
            return random.randrange(2)
        with torch.no_grad():
            return int(self.q(torch.from_numpy(state)).argmax())

    def learn(self, batch_size=64):
        batch = random.sample(self.memory, batch_size)
        s, a, r, s2, done = zip(*batch)
        s, s2 = torch.from_numpy(np.stack(s)), torch.from_numpy(np.stack(s2))
        a = torch.tensor(a).unsqueeze(1)
        r, done = torch.tensor(r), torch.tensor(done, dtype=torch.float32)
        q = self.q(s).gather(1, a).squeeze(1)
        with torch.no_grad():
            nxt = self.target(s2).max(1).values
            y = r + self.gamma * nxt * ((1 - done) if MENDED else 1)
        loss = nn.functional.smooth_l1_loss(q, y)
        self.optim.zero_grad()
        loss.backward()
        self.optim.step()
        self.updates += 1
        if self.updates % 100 == 0:
            self.target.load_state_dict(self.q.state_dict())
        return loss.item()


env, agent = CartPole(), Agent()
steps, episode, lengths = 0, 0, []
while steps < 5500:
    s, ep_len = env.reset(), 0
    while True:
        eps = max(0.05, 1.0 - steps / 2500)
        a = agent.act(s, eps)
        s2, r, fallen, timeout = env.step(a)
        agent.memory.append((s, a, r, s2, fallen))
        s = s2
        ep_len += 1
        steps += 1
        if len(agent.memory) >= 500 and steps % 2 == 0:
            loss = agent.learn()
        if fallen or timeout:
            break
    lengths.append(ep_len)
    episode += 1
    if episode % 20 == 0:
        print(f"episode {episode} steps {steps} mean length {np.mean(lengths[-20:]):.1f}")

scores = []
for _ in range(15):
    s, n = env.reset(), 0
    while True:
        s, r, fallen, timeout = env.step(agent.act(s, 0.0))
        n += 1
        if fallen or timeout:
            break
    scores.append(n)
print(f"metric mean_length {np.mean(scores):.2f}")
