"""Double DQN with a soft target for a falling pole (own simulation), the done flag stored but not used."""
# after github.com/cyoon1729/deep-Q-networks/pull/5
import os
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(2)
g = torch.Generator().manual_seed(2)


class Poles:
    """Many poles at once: angle and speed, push left or right, over at |angle| > 0.5."""

    def __init__(self, n):
        self.n = n
        self.s = 0.1 * torch.randn(n, 2, generator=g)

    def step(self, a):
        angle, speed = self.s.unbind(1)
        speed = speed + 0.1 * (6 * angle + (a.float() * 2 - 1) * 3 + 0.5 * torch.randn(self.n, generator=g))
        angle = angle + 0.1 * speed
        nxt = torch.stack([angle, speed], 1)
        done = angle.abs() > 0.5
        old, self.s = self.s, nxt.clone()
        self.s[done] = 0.1 * torch.randn(int(done.sum()), 2, generator=g)
        return old, torch.ones(self.n), nxt, done.float()


def net():
    return nn.Sequential(nn.Linear(2, 48), nn.ReLU(), nn.Linear(48, 48), nn.ReLU(), nn.Linear(48, 2))


online, slow = net(), net()
slow.load_state_dict(online.state_dict())
opt = torch.optim.Adam(online.parameters(), lr=1e-3)
env, buf = Poles(32), []
for it in range(700):
    with torch.no_grad():
        a = online(env.s).argmax(1)
    a = torch.where(torch.rand(32) < 0.2, torch.randint(0, 2, (32,)), a)
    s, r, s2, done = env.step(a)
    buf = (buf + [(s, a, r, s2, done)])[-200:]
    picks = [buf[i] for i in torch.randint(0, len(buf), (4,)).tolist()]
    s, a, r, s2, done = (torch.cat(z) for z in zip(*picks, strict=True))
    with torch.no_grad():
        best = online(s2).argmax(1, keepdim=True)
        boot = slow(s2).gather(1, best).squeeze(1)
        if os.environ.get("MENDED"):
            boot = boot * (1 - done)
        y = r + 0.95 * boot
    loss = F.smooth_l1_loss(online(s).gather(1, a[:, None]).squeeze(1), y)
    opt.zero_grad()
    loss.backward()
    opt.step()
    for p, q in zip(slow.parameters(), online.parameters(), strict=True):
        p.data.lerp_(q.data, 0.02)
    if it % 100 == 0:
        print("it", it, "loss", round(loss.item(), 5), "mean target", round(y.mean().item(), 3))
with torch.no_grad():
    falls = 0.0
    env = Poles(200)
    for _ in range(100):
        falls += env.step(online(env.s).argmax(1))[3].mean().item()
print("final falls_per_pole", falls)
