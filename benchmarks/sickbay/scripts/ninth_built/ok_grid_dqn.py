"""DQN on a 5x5 grid with replay and a hard-updated target network."""
import random
from collections import deque
import torch
import torch.nn as nn
import torch.nn.functional as F

random.seed(0); torch.manual_seed(0)
N = 5
MOVES = [(0, 1), (1, 0), (0, -1), (-1, 0)]
PIT = {(1, 1), (3, 2), (2, 4)}


def enc(s):
    v = torch.zeros(N * N)
    v[s[0] * N + s[1]] = 1
    return v


def step(s, a):
    r = min(N - 1, max(0, s[0] + MOVES[a][0])), min(N - 1, max(0, s[1] + MOVES[a][1]))
    if r == (4, 4):
        return r, 1.0, True
    if r in PIT:
        return r, -1.0, True
    return r, -0.02, False


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.l = nn.Sequential(nn.Linear(N * N, 64), nn.ReLU(), nn.Linear(64, 4))

    def forward(self, x):
        return self.l(x)


online, target = Net(), Net()
target.load_state_dict(online.state_dict())
target.requires_grad_(False)
opt = torch.optim.Adam(online.parameters(), lr=1e-3)
buf = deque(maxlen=5000)
frames, eps, wins = 0, 1.0, deque(maxlen=50)
s = (0, 0); length = 0
while frames < 6000:
    a = random.randrange(4) if random.random() < eps else online(enc(s)).argmax().item()
    s2, r, done = step(s, a)
    buf.append((enc(s), a, r, enc(s2), float(done)))
    frames += 1; length += 1
    eps = max(0.05, 1 - frames / 3000)
    s = s2
    if done or length > 40:
        wins.append(r > 0.5); s = (0, 0); length = 0
    if frames > 200 and frames % 3 == 0:
        b = list(zip(*random.sample(buf, 32)))
        S, S2 = torch.stack(b[0]), torch.stack(b[3])
        A, R, Dn = torch.tensor(b[1]), torch.tensor(b[2]), torch.tensor(b[4])
        y = R + 0.95 * (1 - Dn) * target(S2).max(1)[0]
        loss = F.smooth_l1_loss(online(S).gather(1, A[:, None])[:, 0], y)
        opt.zero_grad(); loss.backward(); opt.step()
    if frames % 300 == 0:
        target.load_state_dict(online.state_dict())
    if frames % 1000 == 0:
        print(f"frames {frames} eps {eps:.2f} loss {loss.item():.5f} recent wins {sum(wins) / len(wins):.2f}")

s, ret = (0, 0), 0.0
for _ in range(40):
    with torch.no_grad():
        s, r, done = step(s, online(enc(s)).argmax().item())
    ret += r
    if done:
        break
print("metric greedy_return %.3f" % ret)
