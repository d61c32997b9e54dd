"""Double DQN with Polyak averaged target on a 6x6 maze (goal +1, pit -1, small step cost)."""
import copy
import random
import numpy as np
import torch
import torch.nn as nn

random.seed(2); np.random.seed(2); torch.manual_seed(2)
SIZE, GOAL, PITS, WALLS = 6, (5, 5), {(2, 2), (3, 4), (4, 1)}, {(1, 1), (1, 2), (3, 3), (4, 3)}
MOVES = [(0, 1), (1, 0), (0, -1), (-1, 0)]


def code(s):
    v = np.zeros(36, np.float32); v[s[0] * 6 + s[1]] = 1
    return v


def move(s, a):
    if random.random() < 0.1:
        a = random.randrange(4)
    n = (min(max(s[0] + MOVES[a][0], 0), 5), min(max(s[1] + MOVES[a][1], 0), 5))
    if n in WALLS:
        n = s
    if n == GOAL:
        return n, 1.0, True
    if n in PITS:
        return n, -1.0, True
    return n, -0.02, False


class Agent:
    def __init__(self):
        self.q = nn.Sequential(nn.Linear(36, 64), nn.ReLU(), nn.Linear(64, 4))
        self.qt = copy.deepcopy(self.q)
        for p in self.qt.parameters():
            p.requires_grad_(False)
        self.opt = torch.optim.Adam(self.q.parameters(), lr=1e-3)
        self.buf, self.tau, self.gamma = [], 0.01, 0.97

    def act(self, s, eps):
        if random.random() < eps:
            return random.randrange(4)
        with torch.no_grad():
            return int(self.q(torch.from_numpy(code(s))).argmax())

    def update(self):
        s, a, r, n, d = map(np.array, zip(*random.sample(self.buf, 64)))
        s, n = torch.from_numpy(s), torch.from_numpy(n)
        a, r, d = torch.from_numpy(a), torch.tensor(r, dtype=torch.float32), torch.tensor(d, dtype=torch.float32)
        with torch.no_grad():
            best = self.q(n).argmax(1, keepdim=True)
            y = r + self.gamma * (1 - d) * self.qt(n).gather(1, best).squeeze(1)
        loss = nn.functional.smooth_l1_loss(self.q(s).gather(1, a[:, None]).squeeze(1), y)
        self.opt.zero_grad(); loss.backward(); self.opt.step()
        with torch.no_grad():
            for t, p in zip(self.qt.parameters(), self.q.parameters()):
                t.lerp_(p, self.tau)
        return loss.item()


def episode(agent, eps, learn):
    s, ret = (0, 0), 0.0
    for t in range(60):
        a = agent.act(s, eps)
        n, r, d = move(s, a)
        ret += r
        if learn:
            agent.buf.append((code(s), a, r, code(n), d))
        s = n
        if d:
            break
    return ret


agent, upd, rets = Agent(), 0, []
ep = 0
while upd < 1900:
    rets.append(episode(agent, max(0.1, 1 - upd / 1000), True)); ep += 1
    for _ in range(10 if len(agent.buf) > 300 else 0):
        loss = agent.update(); upd += 1
    if ep % 30 == 0 and upd:
        print(f"episode {ep} updates {upd} return {np.mean(rets[-30:]):.3f} loss {loss:.5f}")
print(f"metric eval_return {np.mean([episode(agent, 0.0, False) for _ in range(100)]):.4f}")
