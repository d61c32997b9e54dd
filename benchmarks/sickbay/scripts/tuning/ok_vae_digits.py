"""A VAE on 8x8 bar pictures, BCE and KL both summed over pixels and averaged over the batch."""
import torch
from torch import nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
x = torch.zeros(1500, 8, 8)
x[torch.arange(1500), torch.randint(0, 8, (1500,))] = 1
x[torch.arange(1500), :, torch.randint(0, 8, (1500,))] = 1
data = x.flatten(1)


class VAE(nn.Module):
    def __init__(self, z=6):
        super().__init__()
        self.enc = nn.Sequential(nn.Linear(64, 128), nn.ReLU())
        self.mu, self.logvar = nn.Linear(128, z), nn.Linear(128, z)
        self.dec = nn.Sequential(nn.Linear(z, 128), nn.ReLU(), nn.Linear(128, 64), nn.Sigmoid())

    def forward(self, x):
        h = self.enc(x)
        mu, logvar = self.mu(h), self.logvar(h)
        return self.dec(mu + torch.randn_like(mu) * (0.5 * logvar).exp()), mu, logvar


model = VAE()
opt = torch.optim.Adam(model.parameters(), lr=3e-3)
for epoch in range(25):
    for (xb,) in DataLoader(TensorDataset(data), 50, shuffle=True):
        xr, mu, logvar = model(xb)
        bce = F.binary_cross_entropy(xr, xb, reduction="sum") / len(xb)
        kl = -0.5 * (1 + logvar - mu**2 - logvar.exp()).sum() / len(xb)
        loss = bce + kl
        opt.zero_grad()
        loss.backward()
        opt.step()
    if epoch % 5 == 0:
        print("epoch", epoch, "bce", round(bce.item(), 2), "kl", round(kl.item(), 2))
print("final elbo_loss", loss.item())
