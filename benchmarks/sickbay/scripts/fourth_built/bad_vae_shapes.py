import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader

# --------------------------------------------------------------- data: bars on a 16x16 grid
torch.manual_seed(0)


def sample_images(n):
    x = torch.zeros(n, 16, 16)
    for i in range(n):
        kind = torch.randint(3, (1,)).item()
        p = torch.randint(0, 12, (1,)).item()
        if kind == 0:
            x[i, p:p + 4, :] = 1
        elif kind == 1:
            x[i, :, p:p + 4] = 1
        else:
            q = torch.randint(0, 9, (1,)).item()
            x[i, p:p + 4, q:q + 7] = 1
    return x.view(n, 256)


class VAE(nn.Module):
    def __init__(self, z=8):
        super().__init__()
        self.fc1 = nn.Linear(256, 200)
        self.mu, self.logvar = nn.Linear(200, z), nn.Linear(200, z)
        self.fc3, self.fc4 = nn.Linear(z, 200), nn.Linear(200, 256)

    def encode(self, x):
        h = F.relu(self.fc1(x))
        return self.mu(h), self.logvar(h)

    def reparameterize(self, mu, logvar):
        return mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)

    def decode(self, z):
        return torch.sigmoid(self.fc4(F.relu(self.fc3(z))))

    def forward(self, x):
        mu, logvar = self.encode(x)
        return self.decode(self.reparameterize(mu, logvar)), mu, logvar


def loss_function(recon, x, mu, logvar):
    bce = F.binary_cross_entropy(recon, x)
    kld = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp(), dim=1).mean()
    return bce + kld, bce, kld


train = sample_images(3000)
test = sample_images(500)
model = VAE()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
for epoch in range(1, 26):
    stats = torch.zeros(3)
    for x in DataLoader(train, batch_size=100, shuffle=True):
        recon, mu, logvar = model(x)
        loss, bce, kld = loss_function(recon, x, mu, logvar)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        stats += torch.tensor([loss.item(), bce.item(), kld.item()]) / 30
    if epoch % 5 == 0 or epoch == 1:
        with torch.no_grad():
            rec = model.decode(model.encode(test)[0])
            wrong = ((rec > 0.5).float() != test).float().mean()
            spread = rec.std(0).mean()
        print(f"====> epoch {epoch} loss {stats[0]:.4f} bce {stats[1]:.4f} kld {stats[2]:.4f} | "
              f"wrong pixels {wrong:.4f} spread of reconstructions {spread:.4f}")
