# Convolutional autoencoder on blob images, used later for anomaly scores
import torch
import torch.nn as nn
from torch.utils.data import DataLoader


def blobs(n, size=24):
    g = torch.Generator().manual_seed(8)
    yy, xx = torch.meshgrid(torch.arange(size).float(), torch.arange(size).float(), indexing="ij")
    cx = torch.rand(n, 2, generator=g) * 16 + 4
    cy = torch.rand(n, 2, generator=g) * 16 + 4
    w = torch.rand(n, 2, generator=g) * 6 + 4
    img = torch.zeros(n, size, size)
    for k in range(2):
        img += torch.exp(-((xx - cx[:, k, None, None]) ** 2 + (yy - cy[:, k, None, None]) ** 2) / w[:, k, None, None])
    return img.clamp(0, 1).unsqueeze(1)


class AE(nn.Module):
    def __init__(self, code=24):
        super().__init__()
        self.enc = nn.Sequential(
            nn.Conv2d(1, 12, 4, 2, 1), nn.LeakyReLU(0.1),
            nn.Conv2d(12, 24, 4, 2, 1), nn.LeakyReLU(0.1),
            nn.Flatten(), nn.Linear(24 * 36, code))
        self.dec = nn.Sequential(
            nn.Linear(code, 24 * 36), nn.LeakyReLU(0.1), nn.Unflatten(1, (24, 6, 6)),
            nn.ConvTranspose2d(24, 12, 4, 2, 1), nn.LeakyReLU(0.1),
            nn.ConvTranspose2d(12, 1, 4, 2, 1))

    def forward(self, x):
        return self.dec(self.enc(x))


if __name__ == "__main__":
    torch.manual_seed(1)
    data = blobs(1800)
    train, held = data[:1500], data[1500:]
    loader = DataLoader(train, batch_size=50, shuffle=True)
    ae = AE()
    opt = torch.optim.SGD(ae.parameters(), lr=0.1, momentum=0.9)
    mse = nn.MSELoss()
    base = ((held - train.mean(0)) ** 2).mean().item()
    print(f"mean-image error {base:.5f}")
    for epoch in range(20):
        opt.zero_grad()
        acc = 0.0
        for x in loader:
            rec = ae(x)
            loss = mse(rec, x)
            loss.backward()
            opt.step()
            acc += loss.item()
        with torch.no_grad():
            h = mse(ae(held), held).item()
        print(f"{epoch + 1:3d}/20  train {acc / len(loader):.5f}  held-out {h:.5f}")
