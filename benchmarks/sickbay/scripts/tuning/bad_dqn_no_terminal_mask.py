"""DQN on a short corridor, targets r + gamma * max Q(s') without (1 - done)."""
# after github.com/navneet-nmk/pytorch-rl/issues/2 ('done' not used in calculating Q-value targets)
import os
import random
from collections import deque

import torch
from torch import nn

random.seed(0)
torch.manual_seed(0)
N = 7


def obs(s):
    v = torch.zeros(N)
    v[s] = 1.0
    return v


def step(s, a):
    s2 = max(0, min(N - 1, s + (1 if a else -1)))
    if s2 == N - 1:
        return s2, 1.0, True
    if s2 == 0:
        return s2, -1.0, True
    return s2, -0.05, False


q, target = (nn.Sequential(nn.Linear(N, 32), nn.ReLU(), nn.Linear(32, 2)) for _ in range(2))
target.load_state_dict(q.state_dict())
opt = torch.optim.Adam(q.parameters(), lr=3e-3)
memory = deque(maxlen=3000)
s, gamma, n = 3, 0.99, 0
for t in range(1500):
    eps = max(0.1, 1 - t / 600)
    with torch.no_grad():
        a = random.randrange(2) if random.random() < eps else int(q(obs(s)).argmax())
    s2, r, done = step(s, a)
    memory.append((obs(s), a, r, obs(s2), float(done)))
    s = random.randint(1, N - 2) if done else s2
    if len(memory) < 64:
        continue
    S, A, R, S2, D = zip(*random.sample(memory, 32), strict=True)
    S, S2 = torch.stack(S), torch.stack(S2)
    A, R, D = torch.tensor(A), torch.tensor(R), torch.tensor(D)
    with torch.no_grad():
        keep = 1 - D if os.environ.get("MENDED") else torch.ones_like(D)
        y = R + gamma * keep * target(S2).max(1).values
    loss = nn.functional.mse_loss(q(S).gather(1, A[:, None]).squeeze(1), y)
    opt.zero_grad()
    loss.backward()
    opt.step()
    n += 1
    if n % 50 == 0:
        target.load_state_dict(q.state_dict())
    if t % 300 == 0:
        print(t, "loss", loss.item())
with torch.no_grad():
    v = torch.stack([q(obs(i)).max() for i in range(1, N - 1)])
truth = torch.tensor([gamma ** (N - 2 - i) - sum(0.05 * gamma**k for k in range(N - 2 - i)) for i in range(1, N - 1)])
print("final value_error", (v - truth).abs().mean().item())
