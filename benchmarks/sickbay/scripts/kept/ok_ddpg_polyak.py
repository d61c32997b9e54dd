"""DDPG on a one-step task: actor with tanh, critic, both with targets that follow by Polyak averaging, noise on actions."""
import copy

import torch
import torch.nn as nn

torch.manual_seed(0)
actor = nn.Sequential(nn.Linear(3, 32), nn.ReLU(), nn.Linear(32, 1), nn.Tanh())
critic = nn.Sequential(nn.Linear(4, 48), nn.ReLU(), nn.Linear(48, 1))
actor_target, critic_target = copy.deepcopy(actor), copy.deepcopy(critic)
actor_opt, critic_opt = torch.optim.Adam(actor.parameters(), 1e-3), torch.optim.Adam(critic.parameters(), 3e-3)
S, A, R, N = torch.zeros(0, 3), torch.zeros(0, 1), torch.zeros(0), torch.zeros(0, 3)
state = torch.randn(1, 3)
for step in range(700):
    with torch.no_grad():
        action = (actor(state) + 0.2 * torch.randn(1, 1)).clamp(-1, 1)
    reward = -(action[0, 0] - 0.7 * torch.tanh(state[0, 0])) ** 2
    nxt = 0.9 * state + 0.4 * torch.randn(1, 3)
    S, A, R, N = torch.cat([S, state]), torch.cat([A, action]), torch.cat([R, reward[None]]), torch.cat([N, nxt])
    state = nxt
    if step < 64:
        continue
    i = torch.randint(0, len(S), (48,))
    with torch.no_grad():
        goal = R[i] + 0.8 * critic_target(torch.cat([N[i], actor_target(N[i])], 1)).squeeze(1)
    critic_loss = nn.functional.mse_loss(critic(torch.cat([S[i], A[i]], 1)).squeeze(1), goal)
    critic_opt.zero_grad()
    critic_loss.backward()
    critic_opt.step()
    actor_loss = -critic(torch.cat([S[i], actor(S[i])], 1)).mean()
    actor_opt.zero_grad()
    actor_loss.backward()
    actor_opt.step()
    with torch.no_grad():
        for a, b in [(actor_target, actor), (critic_target, critic)]:
            for p, q in zip(a.parameters(), b.parameters()):
                p.lerp_(q, 0.02)
    if step % 100 == 0:
        print(step, critic_loss.item(), actor_loss.item())
