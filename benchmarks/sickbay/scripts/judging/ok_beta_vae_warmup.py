"""A beta-VAE on points of a curved sheet with KL warm-up from 0 to 4 and a unit-variance decoder."""
import torch
import torch.nn as nn

torch.manual_seed(3)
u = torch.rand(2000, 2) * 2 - 1
X = torch.cat([3 * u, (3 * u).sin() * 2, u.prod(1, keepdim=True) * 4], 1) + 0.05 * torch.randn(2000, 5)


class Enc(nn.Module):
    def __init__(self):
        super().__init__()
        self.f = nn.Sequential(nn.Linear(5, 64), nn.SiLU(), nn.Linear(64, 64), nn.SiLU(), nn.Linear(64, 4))

    def forward(self, x):
        return self.f(x).chunk(2, 1)


enc = Enc()
dec = nn.Sequential(nn.Linear(2, 64), nn.SiLU(), nn.Linear(64, 64), nn.SiLU(), nn.Linear(64, 5))
opt = torch.optim.AdamW([*enc.parameters(), *dec.parameters()], lr=2e-3)
for step in range(900):
    beta = min(1.0, step / 400) * 4 * 0.02
    x = X[torch.randint(0, 2000, (64,))]
    m, lv = enc(x)
    z = m + torch.randn_like(m) * torch.exp(lv / 2)
    rec = 0.5 * (dec(z) - x).pow(2).sum(1).mean()
    kl = 0.5 * (m.pow(2) + lv.exp() - 1 - lv).sum(1).mean()
    loss = rec + beta * kl
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 150 == 0:
        print(step, f"rec {rec.item():.3f} kl {kl.item():.3f} beta {beta:.3f}")
print("final rec", rec.item())
