"""Implicit feedback recommender (neural collaborative filtering, BCE on clicks)."""
import os
import torch
import torch.nn as nn
import torch.nn.functional as F

MENDED = bool(os.environ.get("MENDED"))
torch.manual_seed(10)
U, I, GROUPS = 300, 200, 8
ugroup, igroup = torch.randint(0, GROUPS, (U,)), torch.randint(0, GROUPS, (I,))
prob = torch.where(ugroup[:, None] == igroup[None], 0.5, 0.02)
clicks = torch.rand(U, I) < prob
held = torch.full((U,), -1)
for u in range(U):
    own = (clicks[u] & (igroup == ugroup[u])).nonzero().flatten()
    if len(own) > 3:
        held[u] = own[torch.randint(0, len(own), (1,))]
        clicks[u, held[u]] = False
pos = clicks.nonzero()


class NCF(nn.Module):
    def __init__(self, k=16):
        super().__init__()
        self.p, self.q = nn.Embedding(U, k), nn.Embedding(I, k)
        self.mlp = nn.Sequential(nn.Linear(2 * k, 48), nn.ReLU(), nn.Linear(48, 24), nn.ReLU(), nn.Linear(24, 1))

    def forward(self, u, i):
        return self.mlp(torch.cat([self.p(u), self.q(i)], -1)).squeeze(-1)


def get_batch(size=256, negatives=3):
    row = pos[torch.randint(0, len(pos), (size,))]
    u, i, y = row[:, 0], row[:, 1], torch.ones(size)
    if MENDED:
        nu, ni = u.repeat(negatives), torch.randint(0, I, (size * negatives,))
        u, i = torch.cat([u, nu]), torch.cat([i, ni])
        y = torch.cat([y, clicks[nu, ni].float()])
    return u, i, y


@torch.no_grad()
def hit_rate(model, k=10):
    users = (held >= 0).nonzero().flatten()
    score = model(users[:, None].expand(-1, I), torch.arange(I).expand(len(users), -1))
    score[clicks[users]] = -1e9
    return (score.topk(k, 1).indices == held[users][:, None]).any(1).float().mean().item()


model = NCF()
opt = torch.optim.Adam(model.parameters(), lr=5e-3)
for step in range(1, 601):
    u, i, y = get_batch()
    loss = F.binary_cross_entropy_with_logits(model(u, i), y)
    opt.zero_grad(); loss.backward(); opt.step()
    if step % 60 == 0:
        print(f"step {step:4d} bce {loss.item():.5f} HR@10 {hit_rate(model):.4f}")
print("metric hr_at_10", round(hit_rate(model), 4))
