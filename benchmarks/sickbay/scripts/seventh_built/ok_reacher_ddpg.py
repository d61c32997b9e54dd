"""DDPG on a point mass that has to reach the origin."""
import copy
import numpy as np
import torch
import torch.nn as nn

torch.manual_seed(4)
np.random.seed(4)
N, GAMMA, TAU = 24, 0.95, 0.01


def mlp(i, o, last=None):
    l = [nn.Linear(i, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, o)]
    return nn.Sequential(*l, *([last] if last else []))


actor, critic = mlp(4, 2, nn.Tanh()), mlp(6, 1)
actor_t, critic_t = copy.deepcopy(actor), copy.deepcopy(critic)
for p in [*actor_t.parameters(), *critic_t.parameters()]:
    p.requires_grad = False
a_opt = torch.optim.Adam(actor.parameters(), 5e-4)
c_opt = torch.optim.Adam(critic.parameters(), 1e-3)


def reset(n):
    s = np.zeros((n, 4), np.float32)
    s[:, :2] = np.random.uniform(-1, 1, (n, 2))
    return s


def step(s, a):
    v = 0.8 * s[:, 2:] + 0.1 * a
    p = np.clip(s[:, :2] + v, -1.5, 1.5)
    r = -np.linalg.norm(p, axis=1) - 0.02 * (a ** 2).sum(1)
    return np.concatenate([p, v], 1).astype(np.float32), r.astype(np.float32)


def evaluate():
    s, tot = reset(50), 0
    for _ in range(40):
        with torch.no_grad():
            a = actor(torch.from_numpy(s)).numpy()
        s, r = step(s, a)
        tot += r.mean()
    return tot


mem = []
s = reset(N)
print("return before training %.2f" % evaluate())
for it in range(1, 901):
    with torch.no_grad():
        a = actor(torch.from_numpy(s)).numpy()
    a = np.clip(a + 0.25 * np.random.randn(*a.shape), -1, 1).astype(np.float32)
    s2, r = step(s, a)
    mem.append((s, a, r, s2))
    mem = mem[-600:]
    s = reset(N) if it % 40 == 0 else s2
    if it < 15:
        continue
    pick = [mem[k] for k in np.random.randint(0, len(mem), 5)]
    S, A, R, S2 = (torch.from_numpy(np.concatenate(z)) for z in zip(*pick))
    with torch.no_grad():
        y = R + GAMMA * critic_t(torch.cat([S2, actor_t(S2)], 1)).squeeze(1)
    c_loss = (critic(torch.cat([S, A], 1)).squeeze(1) - y).pow(2).mean()
    c_opt.zero_grad()
    c_loss.backward()
    c_opt.step()
    a_loss = -critic(torch.cat([S, actor(S)], 1)).mean()
    a_opt.zero_grad()
    a_loss.backward()
    a_opt.step()
    with torch.no_grad():
        for net, tgt in ((actor, actor_t), (critic, critic_t)):
            for p, q in zip(net.parameters(), tgt.parameters()):
                q.mul_(1 - TAU).add_(TAU * p)
    if it % 100 == 0:
        print("it %d critic %.4f actor %.3f return %.2f" % (it, c_loss.item(), a_loss.item(), evaluate()))
print("metric test_return %.3f" % evaluate())
