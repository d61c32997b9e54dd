"""DQN on a hand written pole balancing task (same physics as the gym one)."""
import math
import random
from collections import deque

import numpy as np
import torch
import torch.nn as nn


class PoleEnv:
    def reset(self):
        self.s = np.random.uniform(-0.05, 0.05, 4)
        self.t = 0
        return self.s.astype(np.float32)

    def step(self, a):
        x, xd, th, thd = self.s
        force = 10.0 if a == 1 else -10.0
        c, s = math.cos(th), math.sin(th)
        tmp = (force + 0.05 * thd ** 2 * s) / 1.1
        tha = (9.8 * s - c * tmp) / (0.5 * (4 / 3 - 0.1 * c * c / 1.1))
        xa = tmp - 0.05 * tha * c / 1.1
        self.s = np.array([x + 0.02 * xd, xd + 0.02 * xa, th + 0.02 * thd, thd + 0.02 * tha])
        self.t += 1
        fallen = abs(self.s[0]) > 2.4 or abs(self.s[2]) > 0.21
        return self.s.astype(np.float32), 1.0, fallen, self.t >= 200


class QNet(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Linear(4, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2))


def learn(batch, q, q_target, opt, gamma):
    s, a, r, s2, fallen = map(np.array, zip(*batch))
    s, s2 = torch.from_numpy(s), torch.from_numpy(s2)
    a = torch.from_numpy(a).long()
    r = torch.from_numpy(r).float()
    q_sa = q(s).gather(1, a.unsqueeze(1)).squeeze(1)
    with torch.no_grad():
        best_next = q_target(s2).max(1).values
        target = r + gamma * best_next
    loss = nn.functional.smooth_l1_loss(q_sa, target)
    opt.zero_grad()
    loss.backward()
    opt.step()
    return loss.item(), q_sa.mean().item()


def main(seed=4, max_steps=9000):
    random.seed(seed); np.random.seed(seed); torch.manual_seed(seed)
    env, q, q_target = PoleEnv(), QNet(), QNet()
    q_target.load_state_dict(q.state_dict())
    opt = torch.optim.Adam(q.parameters(), lr=1e-3)
    memory = deque(maxlen=10000)
    steps, ep, lengths, losses, qs = 0, 0, [], [], []
    while steps < max_steps:
        s, over = env.reset(), False
        while not over:
            eps = max(0.05, 1.0 - steps / 2500)
            if random.random() < eps:
                a = random.randrange(2)
            else:
                with torch.no_grad():
                    a = q(torch.from_numpy(s)).argmax().item()
            s2, r, fallen, timeout = env.step(a)
            memory.append((s, a, r, s2, float(fallen)))
            s, over = s2, fallen or timeout
            steps += 1
            if len(memory) > 500:
                l, m = learn(random.sample(memory, 64), q, q_target, opt, 0.98)
                losses.append(l); qs.append(m)
            if steps % 200 == 0:
                q_target.load_state_dict(q.state_dict())
        lengths.append(env.t); ep += 1
        if ep % 40 == 0:
            print(f"episode {ep} step {steps} mean length {np.mean(lengths[-20:]):.1f} "
                  f"td loss {np.mean(losses[-200:] or [0]):.4f} mean Q {np.mean(qs[-200:] or [0]):.2f}")
    print(f"last 15 episodes: mean length {np.mean(lengths[-15:]):.1f} (200 is the maximum)")


if __name__ == "__main__":
    main()
