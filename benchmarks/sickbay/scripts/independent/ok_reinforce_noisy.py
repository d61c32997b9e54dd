"""Well: REINFORCE on an environment with very noisy rewards; the loss means nothing and jumps about 0, the return climbs slowly."""
# neighbour of a policy with the softmax over the wrong axis: here it is over the actions
import numpy as np
import torch
from torch import nn

np.random.seed(4)
torch.manual_seed(4)


class Thermostat:
    """keep a room near 0 by heating or cooling; the reward is -|temperature| with a noise three times as large"""

    def reset(self):
        self.x, self.drift, self.t = np.random.uniform(-2, 2), np.random.uniform(-0.2, 0.2), 0
        return np.array([self.x, self.drift * 5], dtype=np.float32)

    def step(self, a):
        self.x += (0.4 if a == 1 else -0.4) + self.drift + 0.1 * np.random.randn()
        self.t += 1
        return np.array([self.x, self.drift * 5], dtype=np.float32), -abs(self.x) + 3.0 * np.random.randn(), -abs(self.x), self.t >= 30


policy = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 2), nn.Softmax(dim=-1))
value = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 1))
opt = torch.optim.Adam([{"params": policy.parameters(), "lr": 6e-3}, {"params": value.parameters(), "lr": 1e-2}])
env, clean_returns = Thermostat(), []
for episode in range(500):
    s, done, S, A, R, clean = env.reset(), False, [], [], [], 0.0
    while not done:
        with torch.no_grad():
            p = policy(torch.from_numpy(s))
        a = int(torch.rand(()) < p[1])
        S.append(s)
        A.append(a)
        s, r, c, done = env.step(a)
        R.append(r)
        clean += c
    clean_returns.append(clean)
    G, acc = [], 0.0
    for r in reversed(R):
        acc = r + 0.8 * acc
        G.append(acc)
    G = torch.tensor(G[::-1], dtype=torch.float32)
    S, A = torch.tensor(np.array(S)), torch.tensor(A)
    v = value(S).squeeze(1)
    adv = (G - v).detach()
    adv = adv / (adv.std() + 1e-6)
    logp = torch.log(policy(S).gather(1, A[:, None]).squeeze(1) + 1e-8)
    loss = -(logp * adv).mean() + 0.02 * (v - G).pow(2).mean()
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(policy.parameters(), 1.0)
    opt.step()
    if episode % 50 == 49:
        print("episode", episode + 1, "loss", round(loss.item(), 3), "noisy return", round(sum(R), 1), "clean return", round(np.mean(clean_returns[-50:]), 1))
print("final clean_return", np.mean(clean_returns[-50:]), "at first", np.mean(clean_returns[:50]))
