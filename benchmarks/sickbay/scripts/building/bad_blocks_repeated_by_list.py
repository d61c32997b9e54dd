"""nn.ModuleList([MLP()] * 2): the two input nets of a synthesiser are one and the same object."""
# after github.com/acids-ircam/ddsp_pytorch/issues/37 and github.com/zalandoresearch/pytorch-vq-vae/issues/2
import os

import torch
import torch.nn as nn

torch.manual_seed(0)


def mlp(i, o):
    return nn.Sequential(nn.Linear(i, 8), nn.LayerNorm(8), nn.LeakyReLU(), nn.Linear(8, o))


class Synth(nn.Module):
    def __init__(self):
        super().__init__()
        if os.environ.get("MENDED"):
            self.in_mlps = nn.ModuleList([mlp(1, 8) for _ in range(2)])
        else:
            self.in_mlps = nn.ModuleList([mlp(1, 8)] * 2)
        self.out = nn.Linear(8, 16)

    def forward(self, pitch, loudness):
        return self.out(self.in_mlps[0](pitch) + self.in_mlps[1](loudness))


def batch(n):
    pitch, loudness = torch.rand(n, 1) * 4 - 2, torch.rand(n, 1) * 4 - 2
    k = torch.linspace(0.5, 2, 16)
    return pitch, loudness, torch.sin(k * pitch) + (k - 1) * loudness


model = Synth()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
for step in range(600):
    pitch, loudness, y = batch(32)
    loss = (model(pitch, loudness) - y).pow(2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 100 == 0:
        print(step, loss.item())
with torch.no_grad():
    pitch, loudness, y = batch(1000)
    print("final val_loss", (model(pitch, loudness) - y).pow(2).mean().item())
