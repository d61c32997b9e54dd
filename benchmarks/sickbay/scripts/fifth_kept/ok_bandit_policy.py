"""Contextual bandit with REINFORCE and a running baseline: the surrogate loss hovers about zero while the reward climbs."""
import torch
import torch.nn as nn
from torch.distributions import Categorical

torch.manual_seed(57)
CTX, ARMS = 10, 5
pay = torch.randn(CTX, ARMS)


def reward(ctx, arm):
    means = torch.tanh(ctx @ pay)
    return means.gather(1, arm[:, None]).squeeze(1) + 0.3 * torch.randn(len(arm)), means.max(1).values


class Policy(nn.Module):
    def __init__(self):
        super().__init__()
        self.f = nn.Sequential(nn.Linear(CTX, 32), nn.Tanh(), nn.Linear(32, ARMS))

    def forward(self, ctx):
        return Categorical(logits=self.f(ctx))


policy = Policy()
opt = torch.optim.Adam(policy.parameters(), lr=3e-3)
baseline, recent = 0.0, []
for step in range(1, 4001):
    ctx = torch.randn(64, CTX)
    dist = policy(ctx)
    arm = dist.sample()
    r, best = reward(ctx, arm)
    advantage = r - baseline
    loss = -(dist.log_prob(arm) * advantage).mean() - 0.005 * dist.entropy().mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    baseline = 0.95 * baseline + 0.05 * r.mean().item()
    recent = (recent + [(best - r).mean().item()])[-200:]
    if step % 400 == 0:
        print(f"step {step} loss {loss.item():.4f} reward {baseline:.3f} regret {sum(recent) / len(recent):.4f}")
