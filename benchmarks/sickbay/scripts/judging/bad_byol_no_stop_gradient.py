"""A SimSiam-like setup whose target branch was not detached and whose predictor was dropped: loss goes to -1."""
# after github.com/PatrickHua/SimSiam/issues/39 and issues/6
import os
import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(1)
shapes = torch.randn(8, 24) * 1.5


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = nn.Sequential(nn.Linear(24, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 16))
        self.projector = nn.Sequential(nn.Linear(16, 16), nn.BatchNorm1d(16, affine=False)) \
            if os.environ.get("MENDED") else nn.Linear(16, 16)
        self.predictor = nn.Sequential(nn.Linear(16, 8), nn.ReLU(), nn.Linear(8, 16))

    def forward(self, x):
        z = self.projector(self.backbone(x))
        return z, self.predictor(z)


def D(p, z):
    if os.environ.get("MENDED"):
        z = z.detach()
    return -F.cosine_similarity(p, z, dim=-1).mean()


def views(n):
    x = shapes[torch.randint(0, 8, (n,))]
    return x + torch.randn(n, 24), x * torch.empty(n, 1).uniform_(0.7, 1.3) + torch.randn(n, 24)


enc = Encoder()
opt = torch.optim.SGD(enc.parameters(), lr=0.05, momentum=0.9)
for it in range(600):
    a, b = views(96)
    (za, pa), (zb, pb) = enc(a), enc(b)
    loss = 0.5 * D(pa, zb) + 0.5 * D(pb, za)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if it % 100 == 0:
        print("it", it, "loss", round(loss.item(), 4))
enc.eval()
with torch.no_grad():
    z = F.normalize(enc(views(500)[0])[0], dim=1)
print("final one_minus_relative_std", 1 - (z.std(0).mean() * 4).item())
