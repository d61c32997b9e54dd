"""A VQ-VAE with the straight-through trick, codebook and commitment loss; some codes stay unused."""
import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(0)
protos = torch.randn(10, 16) * 1.5


class VQ(nn.Module):
    def __init__(self, n=24, d=6):
        super().__init__()
        self.book = nn.Embedding(n, d)
        nn.init.uniform_(self.book.weight, -0.5, 0.5)

    def forward(self, z):
        idx = torch.cdist(z, self.book.weight).argmin(1)
        q = self.book(idx)
        loss = F.mse_loss(q, z.detach()) + 0.25 * F.mse_loss(q.detach(), z)
        return z + (q - z).detach(), loss, idx


enc = nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, 6))
dec = nn.Sequential(nn.Linear(6, 32), nn.ReLU(), nn.Linear(32, 16))
vq = VQ()
opt = torch.optim.Adam([p for m in (enc, dec, vq) for p in m.parameters()], lr=3e-3)
for step in range(800):
    x = protos[torch.randint(0, 10, (64,))] + 0.2 * torch.randn(64, 16)
    q, vq_loss, idx = vq(enc(x))
    rec = F.mse_loss(dec(q), x)
    loss = rec + vq_loss
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 160 == 0:
        print(step, rec.item(), vq_loss.item(), "codes", idx.unique().numel())
print("final rec", rec.item())
