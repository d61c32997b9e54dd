# DQN for a little balancing task (3 actions, +1 for every step that the rod stays up, 120 steps at most).
import os, random
from collections import deque
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

MENDED = bool(os.environ.get("MENDED"))
SEED = 5
random.seed(SEED); np.random.seed(SEED); torch.manual_seed(SEED)


class Rod:
    """angle/velocity, unstable, small random pushes"""
    n_act = 3

    def reset(self):
        self.s = np.random.uniform(-0.1, 0.1, 2)
        self.t = 0
        return self.s.astype(np.float32)

    def step(self, a):
        th, w = self.s
        w = w + 0.12 * th + 0.05 * (a - 1) + 0.01 * np.random.randn()
        th = th + 0.5 * w
        self.s = np.array([th, w]); self.t += 1
        fell = abs(th) > 0.6
        return self.s.astype(np.float32), 1.0, fell, self.t >= 120


def mlp():
    return nn.Sequential(nn.Linear(2, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 3))


q, q_target = mlp(), mlp()
q_target.load_state_dict(q.state_dict())
opt = torch.optim.Adam(q.parameters(), lr=1e-3)
memory = deque(maxlen=10000)
GAMMA, BATCH = 0.95, 64
env = Rod()


def act(s, eps):
    if random.random() < eps:
        return random.randrange(3)
    with torch.no_grad():
        return int(q(torch.from_numpy(s) * 3).argmax())


def learn():
    s, a, r, s2, d = zip(*random.sample(memory, BATCH))
    s, s2 = torch.from_numpy(np.stack(s)) * 3, torch.from_numpy(np.stack(s2)) * 3
    a, r, d = torch.tensor(a), torch.tensor(r), torch.tensor(d, dtype=torch.float32)
    with torch.no_grad():
        nxt = q_target(s2).max(1).values
        if MENDED:
            nxt = nxt * (1 - d)
        y = r + GAMMA * nxt
    loss = F.smooth_l1_loss(q(s).gather(1, a[:, None]).squeeze(1), y)
    opt.zero_grad(); loss.backward(); opt.step()
    return loss.item(), y.mean().item()


updates, episode, lens = 0, 0, []
while updates < 1800:
    s = env.reset()
    while True:
        a = act(s, max(0.05, 1 - updates / 900))
        s2, r, fell, timeout = env.step(a)
        memory.append((s, a, r, s2, fell))
        s = s2
        if len(memory) > 300:
            l, ym = learn()
            updates += 1
            if updates % 150 == 0:
                q_target.load_state_dict(q.state_dict())
        if fell or timeout:
            break
    lens.append(env.t); episode += 1
    if episode % 10 == 0 and updates:
        print(f"ep {episode} updates {updates} len(10) {np.mean(lens[-10:]):.1f} loss {l:.4f} target {ym:.2f}")

evals = []
for _ in range(20):
    s = env.reset()
    while True:
        s, _, fell, timeout = env.step(act(s, 0.0))
        if fell or timeout:
            break
    evals.append(env.t)
print(f"metric eval_length {np.mean(evals):.2f}")
