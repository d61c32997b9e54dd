"""BERT-like masked modelling: fifteen percent masked, the rest of the labels -100, attention to both sides."""
import torch
from torch import nn

torch.manual_seed(0)
V, T, MASK = 22, 12, 21


def batch(n):
    start, stride = torch.randint(0, 20, (n, 1)), torch.randint(1, 3, (n, 1))
    x = (start + stride * torch.arange(T)) % 20
    hit = torch.rand(n, T) < 0.15
    hit[torch.arange(n), torch.randint(0, T, (n,))] = True
    return x.masked_fill(hit, MASK), x.masked_fill(~hit, -100)


class Bert(nn.Module):
    def __init__(self, d=40):
        super().__init__()
        self.tok, self.pos = nn.Embedding(V, d), nn.Parameter(0.02 * torch.randn(T, d))
        self.enc = nn.TransformerEncoder(nn.TransformerEncoderLayer(d, 4, 80, 0.0, batch_first=True), 2)
        self.out = nn.Linear(d, V)

    def forward(self, x):
        return self.out(self.enc(self.tok(x) + self.pos))


net = Bert()
opt = torch.optim.AdamW(net.parameters(), lr=3e-3)
for step in range(700):
    x, y = batch(32)
    loss = nn.functional.cross_entropy(net(x).flatten(0, 1), y.flatten(), ignore_index=-100)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 90 == 0:
        print(step, loss.item())
print("final loss", loss.item())
