"""REINFORCE with a learned baseline on a corridor world."""
import torch
import torch.nn as nn
from torch.distributions import Categorical

torch.manual_seed(15)
N, T = 8, 24
actor = nn.Sequential(nn.Linear(2 * N, 48), nn.Tanh(), nn.Linear(48, 2))
critic = nn.Sequential(nn.Linear(2 * N, 48), nn.Tanh(), nn.Linear(48, 1))
opt_a = torch.optim.Adam(actor.parameters(), lr=4e-3)
opt_c = torch.optim.Adam(critic.parameters(), lr=1e-2)
eye = torch.eye(N)


def episode(envs, greedy=False):
    pos, goal = torch.randint(0, N, (envs,)), torch.randint(0, N, (envs,))
    obs_l, logp_l, rew_l, ent_l = [], [], [], []
    for _ in range(T):
        obs = torch.cat([eye[pos], eye[goal]], 1)
        d = Categorical(logits=actor(obs))
        a = d.probs.argmax(1) if greedy else d.sample()
        pos = (pos + 2 * a - 1).clamp(0, N - 1)
        hit = pos == goal
        obs_l.append(obs); logp_l.append(d.log_prob(a)); ent_l.append(d.entropy())
        rew_l.append(hit.float())
        goal = torch.where(hit, torch.randint(0, N, (envs,)), goal)
    return torch.stack(obs_l), torch.stack(logp_l), torch.stack(rew_l), torch.stack(ent_l)


for it in range(200):
    obs, logp, rew, ent = episode(24)
    ret, run = torch.zeros_like(rew), torch.zeros(rew.shape[1])
    for t in reversed(range(T)):
        run = rew[t] + .9 * run
        ret[t] = run
    v = critic(obs).squeeze(-1)
    adv = (ret - v).detach()
    loss_a = -(logp * (adv - adv.mean()) / (adv.std() + 1e-6)).mean() - .01 * ent.mean()
    loss_c = (ret - v).pow(2).mean()
    opt_a.zero_grad(); loss_a.backward(); opt_a.step()
    opt_c.zero_grad(); loss_c.backward(); opt_c.step()
    if it % 25 == 0:
        print(f"iter {it} surrogate {loss_a.item():+.4f} critic {loss_c.item():.3f} return {rew.sum(0).mean().item():.3f}")
with torch.no_grad():
    score = episode(300, True)[2].sum(0).mean().item()
print("metric eval_return", round(score, 4))
