"""Q-learning with a target network that nobody updates: the targets are those of a random net for ever."""
# after github.com/llSourcell/actor_critic/issues/1
import copy
import os
import random

import torch
import torch.nn as nn

torch.manual_seed(0)
random.seed(0)
q = nn.Sequential(nn.Linear(10, 48), nn.ReLU(), nn.Linear(48, 2))
target = copy.deepcopy(q)
optimizer = torch.optim.Adam(q.parameters(), lr=2e-3)
states, memory = torch.eye(10), []


def update_target(tau=0.02):
    with torch.no_grad():
        for a, b in zip(target.parameters(), q.parameters()):
            a.lerp_(b, tau)


for step in range(1500):
    if step % 5 == 0:
        s = random.randrange(9)
        for _ in range(5):
            a = random.randrange(2)
            t = max(0, s - 1) if a == 0 else s + 1
            memory.append((s, a, 1.0 if t == 9 else 0.0, t, t == 9))
            if t == 9:
                break
            s = t
    s, a, r, t, done = zip(*random.choices(memory, k=32))
    with torch.no_grad():
        goal = torch.tensor(r) + 0.9 * target(states[list(t)]).max(1).values * (~torch.tensor(done)).float()
    value = q(states[list(s)]).gather(1, torch.tensor(a)[:, None]).squeeze(1)
    loss = nn.functional.smooth_l1_loss(value, goal)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if os.environ.get("MENDED"):
        update_target()
    if step % 300 == 0:
        print(step, loss.item())
with torch.no_grad():
    true = 0.9 ** torch.arange(8, -1, -1.0)
    print("final value_error", (q(states[:9]).max(1).values - true).abs().mean().item())
