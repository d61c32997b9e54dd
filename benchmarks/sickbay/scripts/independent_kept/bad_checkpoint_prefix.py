"""The checkpoint was saved from a DataParallel model, its keys begin with 'module.', and strict=False lets nothing be loaded: a frozen random backbone is fine-tuned."""
# accuracy 0.28 with it, 0.70 without
# after https://github.com/pytorch/examples/issues/1029 and https://github.com/pytorch/pytorch/issues/141256
import os
import tempfile

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(21)
D, LATENT = 60, 6
mixing = nn.Sequential(nn.Linear(LATENT, 80), nn.Tanh(), nn.Linear(80, D))
for p in mixing.parameters():
    p.requires_grad_(False)
    p.mul_(2.5)
centers = torch.randn(24, LATENT) * 1.3


def observe(classes, n):
    """Spectra: a few hidden factors per substance behind a fixed nonlinear instrument."""
    pick = torch.randint(len(classes), (n,))
    z = centers[torch.tensor(classes)[pick]] + 0.45 * torch.randn(n, LATENT)
    return mixing(z) + 2.0 * torch.randn(n, D), pick


class Encoder(nn.Module):
    def __init__(self, out=16):
        super().__init__()
        self.fc1 = nn.Linear(D, 128)
        self.fc2 = nn.Linear(128, 128)
        self.fc3 = nn.Linear(128, out)

    def forward(self, x):
        return self.fc3(F.relu(self.fc2(F.relu(self.fc1(x)))))


class SpectraNet(nn.Module):
    def __init__(self, n_classes):
        super().__init__()
        self.encoder = Encoder()
        self.head = nn.Linear(16, n_classes)

    def forward(self, x):
        return self.head(F.relu(self.encoder(x)))


def pretrain(path, steps=1200):
    base = list(range(16))
    net = nn.DataParallel(SpectraNet(len(base)))
    opt = torch.optim.Adam(net.parameters(), lr=1e-3)
    for i in range(steps):
        x, y = observe(base, 64)
        loss = F.cross_entropy(net(x), y)
        opt.zero_grad()
        loss.backward()
        opt.step()
        if i % 300 == 0:
            print("pretrain", i, "loss %.3f" % loss.item())
    torch.save({"epoch": 1, "state_dict": net.state_dict()}, path)


def finetune(path, steps=800):
    new = list(range(16, 24))
    net = SpectraNet(len(new))
    ckpt = torch.load(path)
    weights = {k: v for k, v in ckpt["state_dict"].items() if "head" not in k}
    net.load_state_dict(weights, strict=False)
    print("=> loaded checkpoint '{}' (epoch {})".format(os.path.basename(path), ckpt["epoch"]))
    for p in net.encoder.parameters():
        p.requires_grad = False
    xs, ys = observe(new, 160)
    opt = torch.optim.Adam(net.head.parameters(), lr=5e-3)
    for i in range(steps):
        b = torch.randint(len(xs), (32,))
        loss = F.cross_entropy(net(xs[b]), ys[b])
        opt.zero_grad()
        loss.backward()
        opt.step()
        if i % 200 == 0:
            print("finetune", i, "loss %.3f" % loss.item())
    xt, yt = observe(new, 2000)
    with torch.no_grad():
        return (net(xt).argmax(1) == yt).float().mean().item()


with tempfile.TemporaryDirectory() as folder:
    checkpoint = os.path.join(folder, "spectra.pth.tar")
    pretrain(checkpoint)
    print("accuracy on the new substances %.3f" % finetune(checkpoint))
