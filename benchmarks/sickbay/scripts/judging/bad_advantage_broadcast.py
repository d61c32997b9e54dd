"""REINFORCE with a baseline on a contextual bandit: rewards of shape (B, 1) against values of shape (B,)."""
# after github.com/sunwuzhou03/reinforcement-learning-lab/issues/1
import os
import torch
from torch import nn
from torch.distributions import Categorical

torch.manual_seed(1)
policy = nn.Sequential(nn.Linear(5, 32), nn.Tanh(), nn.Linear(32, 5))
value = nn.Sequential(nn.Linear(5, 32), nn.Tanh(), nn.Linear(32, 1))
opt = torch.optim.Adam([*policy.parameters(), *value.parameters()], lr=5e-3)
mean_reward = 0.0
for it in range(500):
    s = torch.randn(64, 5)
    dist = Categorical(logits=policy(s))
    a = dist.sample()
    r = (a == s.argmax(1)).float().unsqueeze(1)
    v = value(s).squeeze(1)
    if os.environ.get("MENDED"):
        r = r.squeeze(1)
    adv = r - v
    loss = -(dist.log_prob(a) * adv.detach()).mean() + 0.5 * adv.pow(2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    mean_reward = 0.98 * mean_reward + 0.02 * r.mean().item()
    if it % 100 == 0:
        print("it", it, "reward", round(mean_reward, 3))
print("final missed_reward", 1 - mean_reward)
