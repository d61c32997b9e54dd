"""A VAE whose KL term is summed over the batch while the reconstruction is a mean."""
import os
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
z_true = torch.randn(2000, 2)
mix = torch.randn(2, 20)
X = torch.tanh(z_true @ mix) + 0.05 * torch.randn(2000, 20)


class VAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc21, self.fc22 = nn.Linear(20, 64), nn.Linear(64, 2), nn.Linear(64, 2)
        self.fc3, self.fc4 = nn.Linear(2, 64), nn.Linear(64, 20)

    def forward(self, x):
        h = F.relu(self.fc1(x))
        mu, logvar = self.fc21(h), self.fc22(h)
        z = mu + torch.randn_like(mu) * torch.exp(0.5 * logvar)
        return self.fc4(F.relu(self.fc3(z))), mu, logvar


model = VAE()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
for epoch in range(15):
    kls = 0.0
    for (x,) in DataLoader(TensorDataset(X), batch_size=50, shuffle=True):
        recon, mu, logvar = model(x)
        kld = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
        if os.environ.get("MENDED"):
            loss = F.mse_loss(recon, x, reduction="sum") * 10 + kld
        else:
            loss = F.mse_loss(recon, x) + kld
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        kls += kld.item() / len(x)
    print("epoch", epoch, "loss", round(loss.item(), 3), "kl", round(kls / 40, 4))
print("final reconstruction", F.mse_loss(model(X)[0], X).item())
