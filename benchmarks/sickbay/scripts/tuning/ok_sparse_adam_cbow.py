"""CBOW with sparse embedding gradients, SparseAdam for the table and Adam for the rest."""
import torch
from torch import nn

torch.manual_seed(0)
V = 120
stream = (torch.arange(6000) * 7 + torch.randint(0, 3, (6000,))) % V


class CBOW(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.EmbeddingBag(V, 24, mode="mean", sparse=True)
        self.out = nn.Linear(24, V)

    def forward(self, ctx):
        return self.out(self.emb(ctx))


net = CBOW()
opts = [torch.optim.SparseAdam(net.emb.parameters(), lr=0.02), torch.optim.Adam(net.out.parameters(), lr=0.01)]
for step in range(600):
    c = torch.randint(2, 5998, (64,))
    ctx = torch.stack([stream[c - 2], stream[c - 1], stream[c + 1], stream[c + 2]], 1)
    loss = nn.functional.cross_entropy(net(ctx), stream[c])
    for o in opts:
        o.zero_grad()
    loss.backward()
    for o in opts:
        o.step()
    if step % 100 == 0:
        print(step, loss.item())
print("final loss", loss.item())
