"""SimCLR on noisy vectors: two views, normalised projections, NT-Xent with the diagonal masked."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
centres = torch.randn(20, 32)


def two_views(n):
    base = centres[torch.randint(0, 20, (n,))] + 0.4 * torch.randn(n, 32)
    return tuple(base * (torch.rand(n, 32) > 0.2) + 0.2 * torch.randn(n, 32) for _ in range(2))


encoder = nn.Sequential(nn.Linear(32, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 32))
projector = nn.Sequential(nn.ReLU(), nn.Linear(32, 16))
opt = torch.optim.AdamW([*encoder.parameters(), *projector.parameters()], lr=2e-3, weight_decay=1e-4)
B = 64
for step in range(400):
    z = F.normalize(torch.cat([projector(encoder(v)) for v in two_views(B)]), dim=1)
    sim = z @ z.t() / 0.5
    sim.fill_diagonal_(float("-inf"))
    labels = torch.arange(2 * B).roll(B)
    loss = F.cross_entropy(sim, labels)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 80 == 0:
        print(step, loss.item())
print("final loss", loss.item())
