"""DQN with replay and a target network on a corridor, terminal states masked."""
import random
from collections import deque

import torch
from torch import nn

random.seed(1)
torch.manual_seed(1)
N = 8


class Corridor:
    def reset(self):
        self.s = random.randrange(1, N - 1)
        return self.s

    def step(self, a):
        self.s += 1 if a else -1
        done = self.s in (0, N - 1)
        return self.s, (1.0 if self.s == N - 1 else -0.02), done


eye = torch.eye(N)
q = nn.Sequential(nn.Linear(N, 32), nn.ReLU(), nn.Linear(32, 2))
tgt = nn.Sequential(nn.Linear(N, 32), nn.ReLU(), nn.Linear(32, 2))
tgt.load_state_dict(q.state_dict())
opt = torch.optim.Adam(q.parameters(), lr=2e-3)
mem, env = deque(maxlen=2000), Corridor()
s = env.reset()
for t in range(1400):
    with torch.no_grad():
        a = random.randrange(2) if random.random() < max(0.1, 1 - t / 500) else q(eye[s]).argmax().item()
    s2, r, done = env.step(a)
    mem.append((s, a, r, s2, done))
    s = env.reset() if done else s2
    if t < 64:
        continue
    S, A, R, S2, D = map(torch.tensor, zip(*random.sample(mem, 32), strict=True))
    with torch.no_grad():
        y = R + 0.95 * tgt(eye[S2]).max(1).values * (~D)
    loss = nn.functional.smooth_l1_loss(q(eye[S]).gather(1, A[:, None])[:, 0], y)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if t % 100 == 0:
        tgt.load_state_dict(q.state_dict())
    if t % 300 == 0:
        print(t, loss.item())
right = (q(eye[1 : N - 1]).argmax(1) == 1).float().mean()
print("final goes_right", right.item())
