"""REINFORCE on a walk: the policy ends in a softmax and Categorical gets its output as logits."""
# after common mistakes with torch.distributions, as github.com/noahfarr/rlx/pull/3
import os
import torch
import torch.nn as nn
from torch.distributions import Categorical

torch.manual_seed(0)
N = 9
policy = nn.Sequential(nn.Linear(N, 32), nn.ReLU(), nn.Linear(32, 2), nn.Softmax(dim=-1))
opt = torch.optim.Adam(policy.parameters(), lr=1e-2)


def dist(s):
    p = policy(nn.functional.one_hot(s, N).float())
    return Categorical(probs=p) if os.environ.get("MENDED") else Categorical(logits=p)


for it in range(150):
    s, done = torch.full((32,), 4), torch.zeros(32)
    logs, rewards = [], []
    for _ in range(16):
        pi = dist(s)
        a = pi.sample()
        logs.append(pi.log_prob(a) * (1 - done))
        s = (s + 2 * a - 1).clamp(0, N - 1)
        rewards.append(((s == N - 1).float() - 0.05) * (1 - done))
        done = torch.maximum(done, ((s == 0) | (s == N - 1)).float())
    back, returns = torch.zeros(32), []
    for r in reversed(rewards):
        back = r + back
        returns.insert(0, back)
    returns = torch.stack(returns)
    adv = (returns - returns.mean()) / (returns.std() + 1e-6)
    loss = -(torch.stack(logs) * adv).sum(0).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    if it % 30 == 0:
        print(it, "return", returns[0].mean().item())
with torch.no_grad():
    pi = dist(torch.arange(1, N - 1)).probs[:, 1]
    print("final wrong_way", 1 - pi.mean().item())
