"""A convolutional autoencoder: the target is the input."""
import torch
from torch import nn

torch.manual_seed(0)


def shapes(n):
    x = torch.zeros(n, 1, 12, 12)
    for i in range(n):
        r, c = torch.randint(0, 8, (2,)).tolist()
        x[i, 0, r : r + 4, c : c + 4] = 1
    return x


data = shapes(800)
enc = nn.Sequential(nn.Conv2d(1, 8, 3, 2, 1), nn.ReLU(), nn.Conv2d(8, 8, 3, 2, 1), nn.ReLU(), nn.Flatten(), nn.Linear(72, 12))
dec = nn.Sequential(nn.Linear(12, 72), nn.ReLU(), nn.Unflatten(1, (8, 3, 3)), nn.ConvTranspose2d(8, 8, 2, 2), nn.ReLU(), nn.ConvTranspose2d(8, 1, 2, 2))
opt = torch.optim.Adam([*enc.parameters(), *dec.parameters()], lr=3e-3)
for epoch in range(15):
    for x in data[torch.randperm(800)].split(40):
        loss = nn.functional.mse_loss(dec(enc(x)), x)
        opt.zero_grad()
        loss.backward()
        opt.step()
    if epoch % 3 == 0:
        print(epoch, loss.item())
print("final mse", loss.item())
