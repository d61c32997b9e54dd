"""A small U-Net that segments blobs covering three percent of the picture, BCE plus Dice."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)


def block(i, o):
    return nn.Sequential(nn.Conv2d(i, o, 3, padding=1), nn.BatchNorm2d(o), nn.ReLU(inplace=True))


class UNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.d1, self.d2 = block(1, 8), block(8, 16)
        self.u = nn.ConvTranspose2d(16, 8, 2, stride=2)
        self.d3, self.out = block(16, 8), nn.Conv2d(8, 1, 1)

    def forward(self, x):
        a = self.d1(x)
        b = self.d2(F.max_pool2d(a, 2))
        return self.out(self.d3(torch.cat([a, self.u(b)], 1)))


def pictures(n):
    g = torch.stack(torch.meshgrid(torch.arange(20.0), torch.arange(20.0), indexing="ij"))
    c = torch.rand(n, 2, 1, 1) * 14 + 3
    mask = ((g - c).norm(dim=1) < 2).float()[:, None]
    return mask * 1.5 + 0.5 * torch.randn(n, 1, 20, 20), mask


net = UNet()
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
for it in range(150):
    x, m = pictures(16)
    logit = net(x)
    p = logit.sigmoid()
    dice = 1 - (2 * (p * m).sum() + 1) / (p.sum() + m.sum() + 1)
    loss = F.binary_cross_entropy_with_logits(logit, m) + dice
    opt.zero_grad()
    loss.backward()
    opt.step()
    if it % 30 == 0:
        print(it, loss.item())
print("final loss", loss.item())
