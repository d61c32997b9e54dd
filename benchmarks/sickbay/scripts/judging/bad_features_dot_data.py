"""A siamese similarity net that takes .data of its features to 'save memory'."""
import os
import torch
import torch.nn as nn

torch.manual_seed(9)
basis = torch.randn(5, 30)


def pairs(n):
    ca, cb = torch.randint(0, 5, (n,)), torch.randint(0, 5, (n,))
    cb = torch.where(torch.rand(n) < 0.4, ca, cb)
    a = basis[ca] + 1.5 * torch.randn(n, 30)
    b = basis[cb] + 1.5 * torch.randn(n, 30)
    return a, b, (ca == cb).float()


class Siamese(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(30, 32), nn.ReLU(), nn.Linear(32, 5))
        self.out = nn.Linear(5, 1)

    def embed(self, x):
        f = self.body(x)
        return f if os.environ.get("MENDED") else f.data

    def forward(self, a, b):
        return self.out((self.embed(a) - self.embed(b)).abs()).squeeze(1)


net = Siamese()
optimizer = torch.optim.Adam(net.parameters(), lr=0.003)
loss_fn = nn.BCEWithLogitsLoss()
for i in range(1, 701):
    a, b, same = pairs(64)
    loss = loss_fn(net(a, b), same)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if i % 100 == 0:
        print(f"{i} {loss.item():.3f}")
a, b, same = pairs(2000)
print("final test_bce", loss_fn(net(a, b), same).item())
