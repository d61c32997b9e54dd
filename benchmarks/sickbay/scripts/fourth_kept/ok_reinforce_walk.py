"""REINFORCE with a running baseline on a windy grid walk. The printed loss is all over the place."""
import torch
import torch.nn as nn
from torch.distributions import Categorical

torch.manual_seed(23)
SIZE, MAXT, GAMMA = 6, 40, 0.97
MOVES = torch.tensor([[0, 1], [0, -1], [1, 0], [-1, 0]])


class Policy(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(2 * SIZE, 64), nn.Tanh(), nn.Linear(64, 4))

    def forward(self, pos):
        onehot = torch.cat([torch.eye(SIZE)[pos[:, 0]], torch.eye(SIZE)[pos[:, 1]]], 1)
        return Categorical(logits=self.net(onehot))


def rollout(policy, n):
    pos = torch.zeros(n, 2, dtype=torch.long)
    alive = torch.ones(n, dtype=torch.bool)
    logps, rewards, mask = [], [], []
    for _ in range(MAXT):
        dist = policy(pos)
        a = dist.sample()
        step = MOVES[a]
        wind = (torch.rand(n) < 0.15).long() * -1
        new = (pos + step + torch.stack([torch.zeros(n, dtype=torch.long), wind], 1)).clamp(0, SIZE - 1)
        pos = torch.where(alive[:, None], new, pos)
        at_goal = (pos == SIZE - 1).all(1) & alive
        logps.append(dist.log_prob(a))
        rewards.append(torch.where(at_goal, 5.0, -0.1) * alive)
        mask.append(alive.float())
        alive = alive & ~at_goal
        if not alive.any():
            break
    return torch.stack(logps), torch.stack(rewards), torch.stack(mask)


policy = Policy()
optimizer = torch.optim.Adam(policy.parameters(), lr=2e-3)
baseline = 0.0
for it in range(1, 501):
    logp, rew, mask = rollout(policy, 4)
    ret, R = torch.zeros_like(rew), torch.zeros(rew.size(1))
    for t in reversed(range(len(rew))):
        R = rew[t] + GAMMA * R
        ret[t] = R
    adv = ret - baseline
    loss = -(logp * adv * mask).sum() / mask.sum()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    baseline += 0.1 * ((ret * mask).sum() / mask.sum() - baseline).item()
    if it % 40 == 0:
        print(f"iter {it} loss {loss.item():+.4f} mean episode reward {rew.sum(0).mean().item():.2f} reached goal {(rew > 1).any(0).float().mean().item():.2f}")
