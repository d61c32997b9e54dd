"""The hidden blocks of a net live in a plain python list: parameters() never sees them and only first and last layer are trained."""
# accuracy 0.85 with it, 1.00 without
# after github.com/pytorch/pytorch/issues/715
import os

import torch
from torch import nn


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.lin = nn.Linear(width, width)
        self.act = nn.Tanh()

    def forward(self, h):
        return self.act(self.lin(h))


class SpiralNet(nn.Module):
    def __init__(self, options):
        super().__init__()
        self.options = options
        self.embed = nn.Linear(options['n_in'], options['n_hid'])
        self.hids = []
        for li in range(options['n_layers']):
            self.hids.append(Block(options['n_hid']))
        if os.environ.get("MENDED"):
            self.hids = nn.ModuleList(self.hids)
        self.classifier = nn.Linear(options['n_hid'], options['n_out'])

    def forward(self, x):
        h = torch.tanh(self.embed(x))
        for block in self.hids:
            h = block(h)
        return self.classifier(h)


def spirals(n, arms=3):
    y = torch.randint(arms, (n,))
    t = torch.rand(n) * 3 + 0.3
    ang = t * 2.2 + y * 2 * 3.14159 / arms
    return torch.stack([t * ang.cos(), t * ang.sin()], 1) + 0.06 * torch.randn(n, 2), y


if __name__ == '__main__':
    torch.manual_seed(42)
    X, Y = spirals(2500)
    Xt, Yt = spirals(800)
    net = SpiralNet(dict(n_in=2, n_hid=32, n_layers=4, n_out=3))
    print('number of parameters', sum(p.numel() for p in net.parameters()))
    opt = torch.optim.Adam(net.parameters(), lr=3e-3)
    for step in range(1500):
        b = torch.randint(len(X), (64,))
        loss = nn.functional.cross_entropy(net(X[b]), Y[b])
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 250 == 0:
            print(step, 'loss', loss.item())
    net.eval()
    print('final accuracy', (net(Xt).argmax(1) == Yt).float().mean().item())
