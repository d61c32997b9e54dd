"""PPO with clipped objective, GAE and an entropy bonus on a one-dimensional walk in many copies."""
import torch
from torch import nn
from torch.distributions import Categorical

torch.manual_seed(0)
ENVS, HORIZON = 32, 24


class AC(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(2, 32), nn.Tanh())
        self.pi, self.v = nn.Linear(32, 3), nn.Linear(32, 1)
        nn.init.orthogonal_(self.pi.weight, 0.01)

    def forward(self, s):
        h = self.trunk(s)
        return Categorical(logits=self.pi(h)), self.v(h).squeeze(-1)


def env_step(pos, goal, a):
    pos = pos + (a - 1) * 0.2
    return pos, -(pos - goal).abs() * 0.2


net = AC()
opt = torch.optim.Adam(net.parameters(), lr=3e-3, eps=1e-5)
for update in range(30):
    pos, goal = torch.randn(ENVS), torch.randn(ENVS)
    S, A, LP, R, V = [], [], [], [], []
    with torch.no_grad():
        for _ in range(HORIZON):
            s = torch.stack([pos, goal], 1)
            d, v = net(s)
            a = d.sample()
            pos, r = env_step(pos, goal, a)
            for buf, item in zip((S, A, LP, R, V), (s, a, d.log_prob(a), r, v), strict=True):
                buf.append(item)
        _, last = net(torch.stack([pos, goal], 1))
    adv, gae = [], 0
    for t in reversed(range(HORIZON)):
        nxt = last if t == HORIZON - 1 else V[t + 1]
        gae = R[t] + 0.95 * nxt - V[t] + 0.95 * 0.95 * gae
        adv.insert(0, gae)
    S, A, LP, adv, V = torch.cat(S), torch.cat(A), torch.cat(LP), torch.cat(adv), torch.cat(V)
    ret = adv + V
    for _ in range(4):
        for i in torch.randperm(len(S)).split(192):
            d, v = net(S[i])
            a_n = (adv[i] - adv[i].mean()) / (adv[i].std() + 1e-8)
            ratio = (d.log_prob(A[i]) - LP[i]).exp()
            pg = -torch.min(ratio * a_n, ratio.clamp(0.8, 1.2) * a_n).mean()
            loss = pg + 0.5 * (v - ret[i]).pow(2).mean() - 0.01 * d.entropy().mean()
            opt.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 0.5)
            opt.step()
    if update % 6 == 0:
        print("update", update, "return", round(torch.stack(R).sum(0).mean().item(), 3))
print("final return", torch.stack(R).sum(0).mean().item())
