"""Ratings by matrix factorisation with biases, SGD with weight decay on the tables."""
import torch
from torch import nn

torch.manual_seed(0)
U, M, K = 150, 100, 4
true = 3 + (torch.randn(U, K) @ torch.randn(K, M)) * 0.5
u, m = torch.randint(0, U, (8000,)), torch.randint(0, M, (8000,))
r = (true[u, m] + 0.2 * torch.randn(8000)).clamp(1, 5)


class MF(nn.Module):
    def __init__(self, d=6):
        super().__init__()
        self.p, self.q = nn.Embedding(U, d), nn.Embedding(M, d)
        self.bu, self.bm = nn.Embedding(U, 1), nn.Embedding(M, 1)
        self.mean = nn.Parameter(torch.tensor(3.0))
        for e in (self.p, self.q):
            nn.init.normal_(e.weight, std=0.1)
        for e in (self.bu, self.bm):
            nn.init.zeros_(e.weight)

    def forward(self, u, m):
        return self.mean + (self.p(u) * self.q(m)).sum(1) + self.bu(u)[:, 0] + self.bm(m)[:, 0]


net = MF()
opt = torch.optim.Adam(net.parameters(), lr=1e-2, weight_decay=1e-5)
for epoch in range(15):
    for i in torch.randperm(7000).split(200):
        loss = (net(u[i], m[i]) - r[i]).pow(2).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
    with torch.no_grad():
        val = (net(u[7000:], m[7000:]) - r[7000:]).pow(2).mean().item()
    if epoch % 3 == 0:
        print(epoch, loss.item(), val)
print("final val_mse", val)
