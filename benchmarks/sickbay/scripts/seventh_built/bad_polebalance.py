"""DQN on a home-made pole balancing task (16 environments stepped together)."""
import copy
import os
import random

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

MENDED = bool(os.environ.get("MENDED"))
random.seed(0), np.random.seed(0), torch.manual_seed(0)

N_ENV, GAMMA, BATCH, MAX_T = 16, 0.98, 96, 200


class Poles:
    def __init__(self, n):
        self.n = n
        self.s = np.random.uniform(-0.05, 0.05, (n, 4))
        self.t = np.zeros(n, dtype=int)

    def step(self, act):
        x, v, th, w = self.s.T
        force = np.where(act == 1, 10.0, -10.0)
        cos, sin = np.cos(th), np.sin(th)
        tmp = (force + 0.05 * w ** 2 * sin) / 1.1
        wacc = (9.8 * sin - cos * tmp) / (0.5 * (4 / 3 - 0.1 * cos ** 2 / 1.1))
        vacc = tmp - 0.05 * wacc * cos / 1.1
        nxt = np.stack([x + 0.02 * v, v + 0.02 * vacc, th + 0.02 * w, w + 0.02 * wacc], 1)
        self.t += 1
        fell = (np.abs(nxt[:, 0]) > 2.4) | (np.abs(nxt[:, 2]) > 0.21)
        over = fell | (self.t >= MAX_T)
        length = self.t[over].copy()
        obs = nxt.copy()
        obs[over] = np.random.uniform(-0.05, 0.05, (over.sum(), 4))
        self.t[over] = 0
        self.s = obs
        return nxt, obs, np.ones(self.n), fell, length


class Buffer:
    def __init__(self, cap=20000):
        self.cap, self.i, self.full = cap, 0, False
        self.s = np.zeros((cap, 4), np.float32)
        self.s2 = np.zeros((cap, 4), np.float32)
        self.a = np.zeros(cap, np.int64)
        self.r = np.zeros(cap, np.float32)
        self.d = np.zeros(cap, np.float32)

    def add(self, s, a, r, s2, d):
        for k in range(len(a)):
            j = self.i
            self.s[j], self.a[j], self.r[j], self.s2[j], self.d[j] = s[k], a[k], r[k], s2[k], d[k]
            self.i = (j + 1) % self.cap
            self.full |= self.i == 0

    def sample(self, n):
        hi = self.cap if self.full else self.i
        k = np.random.randint(0, hi, n)
        return [torch.from_numpy(z[k]) for z in (self.s, self.a, self.r, self.s2, self.d)]


q = nn.Sequential(nn.Linear(4, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2))
q_target = copy.deepcopy(q)
opt = torch.optim.Adam(q.parameters(), lr=1e-3)
env, buf = Poles(N_ENV), Buffer()
obs = env.s.copy()
lengths = []

for it in range(1600):
    eps = max(0.05, 1 - it / 700)
    with torch.no_grad():
        greedy = q(torch.from_numpy(obs).float()).argmax(1).numpy()
    act = np.where(np.random.rand(N_ENV) < eps, np.random.randint(0, 2, N_ENV), greedy)
    nxt, new_obs, rew, done, ended = env.step(act)
    buf.add(obs, act, rew, nxt, done)
    obs = new_obs
    lengths += list(ended)
    if it < 20:
        continue
    s, a, r, s2, d = buf.sample(BATCH)
    cont = 1 - d if MENDED else torch.ones_like(r)
    with torch.no_grad():
        target = r + GAMMA * cont * q_target(s2).max(1).values
    pred = q(s).gather(1, a[:, None]).squeeze(1)
    loss = F.smooth_l1_loss(pred, target)
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(q.parameters(), 10.0)
    opt.step()
    with torch.no_grad():
        for p, pt in zip(q.parameters(), q_target.parameters()):
            pt.lerp_(p, 0.02)
    if it % 160 == 0:
        print("iter %4d  eps %.2f  td loss %.4f  mean q %.2f  mean episode length %.1f"
              % (it, eps, loss.item(), pred.mean().item(), np.mean(lengths[-30:]) if lengths else 0))

test = Poles(20)
obs, alive = test.s.copy(), np.ones(20, bool)
length = np.zeros(20)
for t in range(MAX_T):
    with torch.no_grad():
        act = q(torch.from_numpy(obs).float()).argmax(1).numpy()
    _, obs, _, fell, _ = test.step(act)
    length += alive
    alive &= ~fell
print("metric test_episode_length %.1f" % length.mean())
