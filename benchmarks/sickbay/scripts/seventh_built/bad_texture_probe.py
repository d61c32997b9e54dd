"""Few-shot texture recognition.

A small conv encoder is trained on eight base textures and checkpointed, then
reused as a fixed feature extractor for six new textures with 12 shots each.
"""
import os
import tempfile

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

MENDED = bool(os.environ.get("MENDED"))
torch.manual_seed(3)
rng = np.random.default_rng(3)
SIZE = 20


def textures(classes, n_per):
    yy, xx = np.mgrid[0:SIZE, 0:SIZE] / SIZE
    xs, ys = [], []
    for lab, (theta, freq, kind) in enumerate(classes):
        for _ in range(n_per):
            th = theta + rng.normal(0, 0.05)
            fr = freq * (1 + rng.normal(0, 0.04))
            ph = rng.uniform(0, 2 * np.pi)
            a = np.sin(2 * np.pi * fr * (xx * np.cos(th) + yy * np.sin(th)) + ph)
            if kind == 1:
                a = np.sign(a) * 0.7
            if kind == 2:
                b = np.sin(2 * np.pi * fr * (-xx * np.sin(th) + yy * np.cos(th)) + rng.uniform(0, 6.28))
                a = a * b * 1.5
            xs.append(a + rng.normal(0, 1.1, a.shape))
            ys.append(lab)
    order = rng.permutation(len(ys))
    return (torch.tensor(np.array(xs)[order], dtype=torch.float32).unsqueeze(1),
            torch.tensor(np.array(ys)[order]))


class Encoder(nn.Module):
    def __init__(self, dim=48):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 5, padding=2)
        self.bn1 = nn.BatchNorm2d(16)
        self.conv2 = nn.Conv2d(16, 32, 3, padding=1)
        self.bn2 = nn.BatchNorm2d(32)
        self.conv3 = nn.Conv2d(32, dim, 3, padding=1)
        self.bn3 = nn.BatchNorm2d(dim)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 2)
        x = F.max_pool2d(F.relu(self.bn2(self.conv2(x))), 2)
        x = F.relu(self.bn3(self.conv3(x)))
        return x.mean(dim=(2, 3))


class BaseTask(nn.Module):
    def __init__(self, n_cls):
        super().__init__()
        self.model = Encoder()
        self.classifier = nn.Linear(48, n_cls)

    def forward(self, x):
        return self.classifier(self.model(x))


base = [(t, f, k) for t, f, k in
        [(0.0, 3, 0), (0.8, 3, 0), (1.6, 3, 1), (2.4, 3, 1), (0.2, 6, 0), (1.0, 6, 2), (1.8, 5, 1), (2.6, 4, 2)]]
novel = [(0.4, 4, 0), (1.3, 4, 1), (2.1, 5, 0), (2.9, 3, 0), (0.5, 5, 2), (1.6, 6, 1)]

xb, yb = textures(base, 150)
task = BaseTask(len(base))
opt = torch.optim.Adam(task.parameters(), lr=2e-3)
task.train()
for step in range(170):
    i = torch.randint(0, len(xb), (48,))
    loss = F.cross_entropy(task(xb[i]), yb[i])
    opt.zero_grad()
    loss.backward()
    opt.step()
    if (step + 1) % 34 == 0:
        print(f"[base] step {step + 1:4d} loss {loss.item():.3f}")

path = os.path.join(tempfile.mkdtemp(), "base.ckpt")
torch.save({"epoch": 5, "state_dict": task.state_dict()}, path)

# ------------------------------------------------------------- new textures
ckpt = torch.load(path)
start = len("model.") if MENDED else 0
weights = {k[start:]: v for k, v in ckpt["state_dict"].items() if not k.startswith("classifier")}
encoder = Encoder()
encoder.load_state_dict(weights, strict=False)
for p in encoder.parameters():
    p.requires_grad_(False)
encoder.eval()

xs, ys = textures(novel, 12)
xv, yv = textures(novel, 60)
head = nn.Linear(48, len(novel))
opt = torch.optim.Adam(head.parameters(), lr=1e-2, weight_decay=1e-4)
for step in range(200):
    i = torch.randint(0, len(xs), (24,))
    loss = F.cross_entropy(head(encoder(xs[i])), ys[i])
    opt.zero_grad()
    loss.backward()
    opt.step()
    if (step + 1) % 40 == 0:
        with torch.no_grad():
            acc = (head(encoder(xv)).argmax(1) == yv).float().mean().item()
        print(f"[novel] step {step + 1:4d} loss {loss.item():.3f} val acc {acc:.3f}")
print(f"metric val_acc {acc:.4f}")
