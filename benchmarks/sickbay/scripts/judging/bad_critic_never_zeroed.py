"""Critic warm-up: the actor's optimizer waits, the critic's zero_grad is forgotten."""
import os
import torch
from torch import nn

torch.manual_seed(5)
actor = nn.Sequential(nn.Linear(3, 32), nn.Tanh(), nn.Linear(32, 1))
critic = nn.Sequential(nn.Linear(4, 48), nn.ReLU(), nn.Linear(48, 48), nn.ReLU(), nn.Linear(48, 1))
actor_opt = torch.optim.Adam(actor.parameters(), lr=1e-3)
critic_opt = torch.optim.SGD(critic.parameters(), lr=0.05)
for it in range(600):
    s = torch.randn(64, 3)
    with torch.no_grad():
        a = actor(s) + torch.randn(64, 1)
    reward = torch.sin(s[:, :1] * 2) - (a - s[:, 1:2]).pow(2).clamp(max=4)
    loss = nn.functional.mse_loss(critic(torch.cat([s, a], 1)), reward)
    if os.environ.get("MENDED"):
        critic_opt.zero_grad()
    loss.backward()
    critic_opt.step()
    if it % 100 == 0:
        print("warm-up", it, "critic loss", loss.item())
s, a = torch.randn(2000, 3), torch.randn(2000, 1)
reward = torch.sin(s[:, :1] * 2) - (a - s[:, 1:2]).pow(2).clamp(max=4)
print("final critic_loss", nn.functional.mse_loss(critic(torch.cat([s, a], 1)), reward).item())
