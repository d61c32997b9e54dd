"""GAN for 8 gaussians on a ring."""
import math
import torch
import torch.nn as nn

torch.manual_seed(13)
Z = 8
CENTRES = torch.tensor([[math.cos(k * math.pi / 4), math.sin(k * math.pi / 4)] for k in range(8)]) * 2


def real_batch(n):
    return CENTRES[torch.randint(8, (n,))] + 0.1 * torch.randn(n, 2)


class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        self.main = nn.Sequential(nn.Linear(Z, 128), nn.LeakyReLU(0.2), nn.Linear(128, 128), nn.LeakyReLU(0.2), nn.Linear(128, 2))

    def forward(self, z):
        return self.main(z)


class Discriminator(nn.Module):
    def __init__(self):
        super().__init__()
        self.main = nn.Sequential(nn.Linear(2, 128), nn.LeakyReLU(0.2), nn.Linear(128, 128), nn.LeakyReLU(0.2), nn.Linear(128, 1))

    def forward(self, x):
        return self.main(x).view(-1)


netG, netD = Generator(), Discriminator()
criterion = nn.BCEWithLogitsLoss()
optD = torch.optim.Adam(netD.parameters(), lr=1e-3, betas=(0.5, 0.999))
optG = torch.optim.Adam(netG.parameters(), lr=1e-3, betas=(0.5, 0.999))
bs = 128
ones, zeros = torch.ones(bs), torch.zeros(bs)

for it in range(3001):
    # (1) update D
    netD.zero_grad()
    errD_real = criterion(netD(real_batch(bs)), ones)
    errD_real.backward()
    fake = netG(torch.randn(bs, Z)).detach()
    out_fake = netD(fake)
    errD_fake = criterion(out_fake, zeros)
    errD_fake.backward()
    optD.step()

    # (2) update G
    netG.zero_grad()
    output = netD(fake)
    errG = criterion(output, ones)
    errG.backward()
    optG.step()

    if it % 500 == 0:
        with torch.no_grad():
            s = netG(torch.randn(1000, Z))
            d, near = torch.cdist(s, CENTRES).min(1)
        print(f"[{it}] Loss_D {(errD_real + errD_fake).item():.4f} Loss_G {errG.item():.4f} D(G(z)) {torch.sigmoid(output).mean().item():.4f} "
              f"| on ring {(d < 0.4).float().mean().item():.2f} modes {len(near[d < 0.4].unique())}")
