"""In the generator's turn the discriminator gets fake.detach() too: no gradient reaches the generator, which never moves."""
# distance between generated and real mean 2.35 with it, 0.32 without
# after github.com/nikhilsinghmus/image2reverb/issues/37 and github.com/tamarott/SinGAN/pull/117
import os

import torch
import torch.nn as nn
import torch.optim as optim

seed = 999
torch.manual_seed(seed)
nz = 8
batch_size = 64
num_iters = 900
real_label, fake_label = 1.0, 0.0


class Generator(nn.Module):
    def __init__(self):
        super(Generator, self).__init__()
        self.main = nn.Sequential(
            nn.Linear(nz, 64), nn.LeakyReLU(0.2),
            nn.Linear(64, 64), nn.LeakyReLU(0.2),
            nn.Linear(64, 2))

    def forward(self, input):
        return self.main(input)


class Discriminator(nn.Module):
    def __init__(self):
        super(Discriminator, self).__init__()
        self.main = nn.Sequential(
            nn.Linear(2, 64), nn.LeakyReLU(0.2),
            nn.Linear(64, 64), nn.LeakyReLU(0.2),
            nn.Linear(64, 1), nn.Sigmoid())

    def forward(self, input):
        return self.main(input).view(-1)


def real_batch(n):
    # gaussian cloud around (2, -1), tilted
    return torch.randn(n, 2) @ torch.tensor([[0.7, 0.3], [0.0, 0.4]]) + torch.tensor([2.0, -1.0])


netG, netD = Generator(), Discriminator()
criterion = nn.BCELoss()
optimizerD = optim.Adam(netD.parameters(), lr=5e-4, betas=(0.5, 0.999))
optimizerG = optim.Adam(netG.parameters(), lr=5e-4, betas=(0.5, 0.999))
label = torch.full((batch_size,), real_label)

for i in range(num_iters):
    # (1) update D
    netD.zero_grad()
    label.fill_(real_label)
    errD_real = criterion(netD(real_batch(batch_size)), label)
    errD_real.backward()
    noise = torch.randn(batch_size, nz)
    fake = netG(noise)
    label.fill_(fake_label)
    errD_fake = criterion(netD(fake.detach()), label)
    errD_fake.backward()
    optimizerD.step()
    # (2) update G
    netG.zero_grad()
    label.fill_(real_label)
    if os.environ.get("MENDED"):
        output = netD(fake)
    else:
        output = netD(fake.detach())
    errG = criterion(output, label)
    errG.backward()
    optimizerG.step()
    if i % 100 == 0:
        print('[%d/%d] Loss_D: %.4f Loss_G: %.4f D(G(z)): %.4f' % (i, num_iters, (errD_real + errD_fake).item(), errG.item(), output.mean().item()))

with torch.no_grad():
    gen, real = netG(torch.randn(4000, nz)), real_batch(4000)
print("generated mean", gen.mean(0).tolist(), "real mean", real.mean(0).tolist())
print("final distance_of_means", (gen.mean(0) - real.mean(0)).norm().item())
