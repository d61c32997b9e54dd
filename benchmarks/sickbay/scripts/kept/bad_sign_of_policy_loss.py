"""A policy gradient whose loss lacks its minus: good moves become rarer and rarer."""
# after questions on REINFORCE at discuss.pytorch.org, "policy gets worse the longer it trains"
import os

import torch
import torch.nn as nn

torch.manual_seed(0)
policy = nn.Sequential(nn.Linear(6, 32), nn.Tanh(), nn.Linear(32, 3))
optimizer = torch.optim.Adam(policy.parameters(), lr=5e-3)
true = torch.randn(6, 3)
seen = []
for step in range(400):
    state = torch.randn(64, 6)
    choice = torch.distributions.Categorical(logits=policy(state))
    action = choice.sample()
    reward = (action == (state @ true).argmax(1)).float()
    advantage = reward - reward.mean()
    loss = (choice.log_prob(action) * advantage).mean()
    if os.environ.get("MENDED"):
        loss = -loss
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    seen.append(reward.mean().item())
    if step % 100 == 0:
        print(step, loss.item(), seen[-1])
print("final lost_reward", 1 - sum(seen[-20:]) / 20)
