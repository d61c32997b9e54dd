"""A policy gradient on a bandit with contexts, which adds the entropy to the loss where it must subtract it."""
# after github.com/PKU-Alignment/omnisafe/pull/133 and github.com/pukkapies/dl-imperial-maths/pull/8
import os
import torch
import torch.nn as nn
from torch.distributions import Categorical

torch.manual_seed(0)
W = torch.randn(6, 5)
policy = nn.Sequential(nn.Linear(6, 32), nn.Tanh(), nn.Linear(32, 5))
opt = torch.optim.Adam(policy.parameters(), lr=3e-3)
sign = -1 if os.environ.get("MENDED") else 1
for it in range(500):
    s = torch.randn(64, 6)
    pi = Categorical(logits=policy(s))
    a = pi.sample()
    reward = ((s @ W).argmax(1) == a).float()
    advantage = (reward - reward.mean()) / (reward.std() + 1e-6)
    loss = -(pi.log_prob(a) * advantage).mean() + sign * 0.5 * pi.entropy().mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    if it % 100 == 0:
        print(it, "reward", reward.mean().item(), "entropy", pi.entropy().mean().item())
with torch.no_grad():
    s = torch.randn(2000, 6)
    print("final regret", 1 - ((s @ W).argmax(1) == policy(s).argmax(1)).float().mean().item())
