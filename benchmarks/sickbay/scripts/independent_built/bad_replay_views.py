"""The environment hands out its own state array and the replay memory stores it without a copy, so all stored states turn into the current one."""
# mean return -48.7 with it, -3.5 without
# after https://github.com/chainer/chainerrl/issues/157 and https://github.com/google-deepmind/dm_control/issues/34
import random
from collections import deque, namedtuple

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

SEED = 0
random.seed(SEED)
np.random.seed(SEED)
torch.manual_seed(SEED)
Transition = namedtuple("Transition", "state action reward next_state done")


class Docking:
    """A boat on a line has to come to rest at the buoy."""
    n_actions, n_obs, horizon = 3, 3, 40

    def __init__(self):
        self.state = np.zeros(3, dtype=np.float32)
        self.t = 0

    def reset(self):
        self.t = 0
        self.state[0] = np.random.uniform(-1, 1)
        self.state[1] = 0.0
        self.state[2] = np.random.uniform(-1, 1)
        return self.state

    def step(self, action):
        self.state[1] = 0.8 * self.state[1] + 0.06 * (action - 1)
        self.state[0] = np.clip(self.state[0] + self.state[1], -1.5, 1.5)
        self.t += 1
        reward = -abs(float(self.state[0] - self.state[2]))
        return self.state, reward, self.t >= self.horizon


class ReplayMemory:
    def __init__(self, capacity):
        self.buffer = deque(maxlen=capacity)

    def push(self, *args):
        self.buffer.append(Transition(*args))

    def sample(self, k):
        b = Transition(*zip(*random.sample(self.buffer, k)))
        return (torch.tensor(np.stack(b.state)), torch.tensor(b.action), torch.tensor(b.reward, dtype=torch.float32),
                torch.tensor(np.stack(b.next_state)))

    def __len__(self):
        return len(self.buffer)


def qnet():
    return nn.Sequential(nn.Linear(3, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 3))


env = Docking()
policy, target = qnet(), qnet()
target.load_state_dict(policy.state_dict())
opt = torch.optim.Adam(policy.parameters(), lr=1e-3)
memory = ReplayMemory(10000)
gamma, updates, returns = 0.93, 0, []

for episode in range(75):
    s, total, done = env.reset(), 0.0, False
    eps = max(0.05, 1.0 - episode / 40)
    while not done:
        if random.random() < eps:
            a = random.randrange(3)
        else:
            with torch.no_grad():
                a = policy(torch.as_tensor(s)).argmax().item()
        s2, r, done = env.step(a)
        memory.push(s, a, r, s2, done)
        s, total = s2, total + r
        if len(memory) >= 200:
            S, A, R, S2 = memory.sample(64)
            with torch.no_grad():
                y = R + gamma * target(S2).max(1).values
            q = policy(S).gather(1, A[:, None]).squeeze(1)
            loss = F.smooth_l1_loss(q, y)
            opt.zero_grad()
            loss.backward()
            opt.step()
            updates += 1
            if updates % 100 == 0:
                target.load_state_dict(policy.state_dict())
    returns.append(total)
    if episode % 10 == 9:
        print(f"episode {episode + 1} updates {updates} loss {loss.item():.5f} mean return {np.mean(returns[-10:]):.2f}")

test = []
for _ in range(50):
    s, done, total = env.reset(), False, 0.0
    while not done:
        with torch.no_grad():
            s, r, done = env.step(policy(torch.as_tensor(s)).argmax().item())
        total += r
    test.append(total)
print("final mean_return", float(np.mean(test)))
