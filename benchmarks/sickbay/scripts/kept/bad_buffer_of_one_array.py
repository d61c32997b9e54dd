"""A replay buffer that keeps references to one numpy array which the environment writes over: all states are the last one."""
# after questions on DQN replay memory at discuss.pytorch.org and github.com/openai/gym issues on returned observations
import os
import random

import numpy as np
import torch
import torch.nn as nn

torch.manual_seed(0)
np.random.seed(0)
random.seed(0)


class World:
    def __init__(self):
        self.state = np.zeros(4, dtype=np.float32)

    def reset(self):
        self.state[:] = np.random.randn(4)
        return self.state

    def step(self, action):
        reward = float(np.sign(self.state[0] + self.state[1]) == (1 if action else -1))
        self.state[:] = np.random.randn(4)
        return self.state, reward


world, buffer = World(), []
q = nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Linear(32, 2))
optimizer = torch.optim.Adam(q.parameters(), lr=3e-3)
state = world.reset()
for step in range(1200):
    with torch.no_grad():
        greedy = q(torch.from_numpy(state.copy())).argmax().item()
    action = greedy if random.random() > 0.3 else random.randrange(2)
    kept = state.copy() if os.environ.get("MENDED") else state
    state, reward = world.step(action)
    buffer.append((kept, action, reward))
    if step > 50:
        s, a, r = zip(*random.sample(buffer, 32))
        value = q(torch.tensor(np.array(s))).gather(1, torch.tensor(a)[:, None]).squeeze(1)
        loss = nn.functional.mse_loss(value, torch.tensor(r))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 200 == 0:
            print(step, loss.item())
x = torch.randn(2000, 4)
with torch.no_grad():
    print("final wrong", (q(x).argmax(1) != (x[:, 0] + x[:, 1] > 0).long()).float().mean().item())
