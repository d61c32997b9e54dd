"""Advantage actor-critic on a small contextual task, one loss for actor and critic, RMSprop."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(4)
actor = nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Linear(32, 4))
critic = nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Linear(32, 1))
opt = torch.optim.RMSprop(list(actor.parameters()) + list(critic.parameters()), lr=3e-3)
history = []
for episode in range(350):
    s = torch.randn(32, 4)
    logps, values, rewards, ents = [], [], [], []
    for _ in range(5):
        logits = actor(s)
        p = logits.softmax(-1)
        a = torch.multinomial(p, 1)
        logps.append(p.log().gather(1, a).squeeze(1))
        ents.append(-(p * p.log()).sum(1))
        values.append(critic(s).squeeze(1))
        rewards.append((a.squeeze(1) == s.argmin(1)).float())
        s = s + 0.3 * torch.randn_like(s)
    R, loss = torch.zeros(32), 0
    for lp, v, r, e in zip(reversed(logps), reversed(values), reversed(rewards), reversed(ents), strict=True):
        R = r + 0.8 * R
        adv = R - v
        loss = loss - (lp * adv.detach()).mean() + 0.5 * adv.pow(2).mean() - 0.01 * e.mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    history.append(torch.stack(rewards).mean().item())
    if episode % 70 == 0:
        print(episode, round(history[-1], 3))
print("final reward", sum(history[-20:]) / 20)
