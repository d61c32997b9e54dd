"""VAE on 1-d sensor curves. The KL weight grows linearly during the first epochs."""
import math
import torch
import torch.nn as nn

torch.manual_seed(10)
LATENT, WARMUP, EPOCHS = 4, 20, 24


def curves(n):
    t = torch.linspace(0, 1, 40)
    f = 1 + 2 * torch.rand(n, 1)
    a = 0.5 + torch.rand(n, 1)
    return a * torch.sin(2 * math.pi * f * t) + 0.05 * torch.randn(n, 40)


class CurveVAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc = nn.Sequential(nn.Linear(40, 128), nn.GELU(), nn.Linear(128, 2 * LATENT))
        self.dec = nn.Sequential(nn.Linear(LATENT, 128), nn.GELU(), nn.Linear(128, 40))

    def forward(self, x):
        mu, logvar = self.enc(x).chunk(2, 1)
        z = mu + (0.5 * logvar).exp() * torch.randn_like(mu)
        rec = 50 * (self.dec(z) - x).pow(2).sum(1).mean() / 2
        kl = 0.5 * (mu ** 2 + logvar.exp() - 1 - logvar).sum(1).mean()
        return rec, kl


train, test = curves(2500), curves(400)
vae = CurveVAE()
opt = torch.optim.Adam(vae.parameters(), lr=2e-3)
for epoch in range(EPOCHS):
    beta = min(1.0, epoch / WARMUP) * 4
    tot = rec_s = kl_s = 0.0
    for idx in torch.randperm(len(train)).split(50):
        rec, kl = vae(train[idx])
        loss = rec + beta * kl
        opt.zero_grad()
        loss.backward()
        opt.step()
        tot += loss.item() / 50
        rec_s += rec.item() / 50
        kl_s += kl.item() / 50
    if epoch % 2 == 0 or epoch == EPOCHS - 1:
        with torch.no_grad():
            mu = vae.enc(test)[:, :LATENT]
            r2 = 1 - (vae.dec(mu) - test).pow(2).mean() / test.var()
        print(f"epoch {epoch:2d} beta {beta:.2f} loss {tot:.3f} (rec {rec_s:.3f} kl {kl_s:.3f})  test R2 of reconstruction {r2:.3f}")
