"""REINFORCE with a learned value as baseline and rewards to go, on a walk to the right end."""
import torch
import torch.nn as nn

torch.manual_seed(0)
policy = nn.Sequential(nn.Linear(8, 32), nn.Tanh(), nn.Linear(32, 2))
value = nn.Sequential(nn.Linear(8, 32), nn.Tanh(), nn.Linear(32, 1))
optimizer = torch.optim.Adam([*policy.parameters(), *value.parameters()], lr=1e-2)
eye = torch.eye(8)
for step in range(150):
    states, moves, returns = [], [], []
    for _ in range(8):
        place, path = 3, []
        for _ in range(20):
            with torch.no_grad():
                move = torch.distributions.Categorical(logits=policy(eye[place])).sample().item()
            nxt = place + (1 if move else -1)
            path.append((place, move, 1.0 if nxt == 7 else -0.02))
            place = max(nxt, 0)
            if place == 7:
                break
        total = 0.0
        for s, m, r in reversed(path):
            total = r + 0.97 * total
            states.append(s), moves.append(m), returns.append(total)
    s, m, g = eye[states], torch.tensor(moves), torch.tensor(returns)
    v = value(s).squeeze(1)
    advantage = g - v.detach()
    choice = torch.distributions.Categorical(logits=policy(s))
    loss = -(choice.log_prob(m) * advantage).mean() + 0.5 * (v - g).pow(2).mean() - 0.01 * choice.entropy().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 30 == 0:
        print(step, loss.item(), g.mean().item())
