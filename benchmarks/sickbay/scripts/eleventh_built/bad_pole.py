"""DQN on a hand written cart-pole (no gym). Reward 1 per step, episodes end when the pole falls."""
import math
import os
import random
from collections import deque
import numpy as np
import torch
import torch.nn as nn

MENDED = bool(os.environ.get("MENDED"))
random.seed(1); np.random.seed(1); torch.manual_seed(1)


class CartPole:
    def reset(self):
        self.s = [random.uniform(-.05, .05) for _ in range(4)]
        self.t = 0
        return list(self.s)

    def step(self, a):
        x, v, th, w = self.s
        f = 10.0 if a == 1 else -10.0
        c, s = math.cos(th), math.sin(th)
        tmp = (f + .05 * w * w * s) / 1.1
        acc = (9.8 * s - c * tmp) / (.5 * (4 / 3 - .1 * c * c / 1.1))
        xa = tmp - .05 * acc * c / 1.1
        self.s = [x + .02 * v, v + .02 * xa, th + .02 * w, w + .02 * acc]
        self.t += 1
        fell = abs(self.s[0]) > 2.4 or abs(self.s[2]) > .2095
        return list(self.s), 1.0, fell, self.t >= 200


def net():
    return nn.Sequential(nn.Linear(4, 64), nn.ReLU(), nn.Linear(64, 48), nn.ReLU(), nn.Linear(48, 2))


q, target = net(), net()
target.load_state_dict(q.state_dict())
opt = torch.optim.Adam(q.parameters(), lr=1e-3)
memory = deque(maxlen=20000)
GAMMA, BATCH = 0.98, 48


def act(s, eps):
    if random.random() < eps:
        return random.randrange(2)
    with torch.no_grad():
        return int(q(torch.tensor(s)).argmax())


def learn():
    s, a, r, s2, d = map(np.array, zip(*random.sample(memory, BATCH)))
    s, s2 = torch.tensor(s, dtype=torch.float32), torch.tensor(s2, dtype=torch.float32)
    r, d = torch.tensor(r, dtype=torch.float32), torch.tensor(d, dtype=torch.float32)
    with torch.no_grad():
        nxt = target(s2).max(1).values
        y = r + GAMMA * nxt * (1 - d) if MENDED else r + GAMMA * nxt
    pred = q(s).gather(1, torch.tensor(a)[:, None]).squeeze(1)
    loss = nn.functional.smooth_l1_loss(pred, y)
    opt.zero_grad(); loss.backward(); opt.step()
    return loss.item(), pred.mean().item()


env, steps, updates, lens = CartPole(), 0, 0, []
while updates < 1400:
    s, ret = env.reset(), 0
    while True:
        a = act(s, max(0.05, 1 - steps / 2500))
        s2, r, fell, timeup = env.step(a)
        memory.append((s, a, r, s2, float(fell)))
        s, ret, steps = s2, ret + r, steps + 1
        if len(memory) > 300 and steps % 3 == 0:
            l, mq = learn(); updates += 1
            if updates % 100 == 0:
                target.load_state_dict(q.state_dict())
            if updates % 200 == 0:
                print(f"update {updates} loss {l:.4f} mean q {mq:.2f} return(20) {np.mean(lens[-20:]):.1f}")
        if fell or timeup or updates >= 1400:
            break
    lens.append(ret)
ev = []
for _ in range(12):
    s, n = env.reset(), 0
    while True:
        s, r, fell, timeup = env.step(act(s, 0)); n += 1
        if fell or timeup:
            break
    ev.append(n)
print("metric eval_return", float(np.mean(ev)))
