"""Q-learning for a courier on a street of 12 blocks, from logged rollouts.

The west depot pays a little for each step spent there and the east depot pays
more.  The courier works round the clock; rollouts are logged
in pieces of at most 8 steps, from random blocks.
"""
import os
import random
from collections import namedtuple
import torch
import torch.nn as nn
import torch.nn.functional as F

MENDED = bool(os.environ.get("MENDED"))
random.seed(3)
torch.manual_seed(3)
S, GAMMA, LIMIT = 12, 0.97, 8
Step = namedtuple("Step", "s a r s2 done")


class Street:
    def reset(self, at=None):
        self.pos = random.randrange(S) if at is None else at
        self.t = 0
        return self.pos

    def step(self, a):
        self.pos = min(S - 1, max(0, self.pos + (1 if a else -1)))
        self.t += 1
        r = 0.45 if self.pos == 0 else (1.0 if self.pos == S - 1 else 0.0)
        terminated, truncated = False, self.t >= LIMIT
        return self.pos, r, terminated, truncated


env = Street()
memory = []
for ep in range(800):
    s = env.reset()
    while True:
        a = random.randrange(2)
        s2, r, terminated, truncated = env.step(a)
        done = terminated if MENDED else (terminated or truncated)
        memory.append(Step(s, a, r, s2, done))
        s = s2
        if terminated or truncated:
            break
print("transitions:", len(memory))


def make_q():
    return nn.Sequential(nn.Embedding(S, 32), nn.Linear(32, 64), nn.ReLU(), nn.Linear(64, 2))


q, target = make_q(), make_q()
target.load_state_dict(q.state_dict())
opt = torch.optim.Adam(q.parameters(), lr=1e-3)
cols = [torch.tensor(c) for c in zip(*memory)]
s_, a_, r_, n_, d_ = cols[0], cols[1], cols[2].float(), cols[3], cols[4].float()


def evaluate():
    total = 0.0
    for start in range(4):
        p = env.reset(start)
        for _ in range(60):
            with torch.no_grad():
                act = q(torch.tensor([p])).argmax().item()
            p, r, _, _ = env.step(act)
            total += r
    return total / (4 * 60)


for it in range(1, 2001):
    i = torch.randint(0, len(memory), (64,))
    with torch.no_grad():
        y = r_[i] + GAMMA * (1 - d_[i]) * target(n_[i]).max(1).values
    loss = F.mse_loss(q(s_[i]).gather(1, a_[i, None]).squeeze(1), y)
    opt.zero_grad()
    loss.backward()
    opt.step()
    with torch.no_grad():
        for tp, p in zip(target.parameters(), q.parameters()):
            tp.lerp_(p, 0.05)
    if it % 200 == 0:
        with torch.no_grad():
            mq = q(s_[:500]).max(1).values.mean().item()
        print(f"it {it} td {loss.item():.4f} mean_q {mq:.2f} reward/step {evaluate():.3f}")

print(f"metric reward_per_step {evaluate():.4f}")
