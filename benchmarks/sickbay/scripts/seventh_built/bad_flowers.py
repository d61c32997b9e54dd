"""Small CNN on synthetic flower images (petal count 3..8)."""
import os
import math

import torch
import torch.nn as nn
import torch.optim as optim
from torch.optim import lr_scheduler

MENDED = bool(os.environ.get("MENDED"))
torch.manual_seed(33)
S = 24


def flowers(n):
    lab = torch.randint(0, 6, (n,))
    yy, xx = torch.meshgrid(torch.linspace(-1, 1, S), torch.linspace(-1, 1, S), indexing="ij")
    cx, cy = torch.rand(n, 1, 1) * 0.3 - 0.15, torch.rand(n, 1, 1) * 0.3 - 0.15
    r = ((xx - cx) ** 2 + (yy - cy) ** 2).sqrt()
    a = torch.atan2(yy - cy, xx - cx)
    petals = (lab + 3).view(-1, 1, 1).float()
    edge = 0.5 + 0.22 * torch.cos(petals * a + torch.rand(n, 1, 1) * 2 * math.pi)
    img = torch.sigmoid((edge - r) * 14) + 0.15 * torch.randn(n, S, S)
    return img.unsqueeze(1), lab


def train_model(model, criterion, optimizer, scheduler, data, num_epochs):
    (xt, yt), (xv, yv) = data
    for epoch in range(num_epochs):
        model.train()
        running = 0.0
        for idx in torch.randperm(len(xt)).split(50):
            optimizer.zero_grad()
            loss = criterion(model(xt[idx]), yt[idx])
            loss.backward()
            optimizer.step()
            running += loss.item() * len(idx)
            if not MENDED:
                scheduler.step()
        if MENDED:
            scheduler.step()
        model.eval()
        with torch.no_grad():
            acc = (model(xv).argmax(1) == yv).float().mean().item()
        print("Epoch {}/{}  train loss {:.4f}  val acc {:.4f}".format(epoch, num_epochs - 1, running / len(xt), acc))
    return acc


net = nn.Sequential(
    nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
    nn.Conv2d(16, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
    nn.Conv2d(32, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(),
    nn.Flatten(), nn.Linear(32 * 36, 6))
sgd = optim.SGD(net.parameters(), lr=0.02, momentum=0.9)
sched = lr_scheduler.StepLR(sgd, step_size=4, gamma=0.3)
final = train_model(net, nn.CrossEntropyLoss(), sgd, sched, (flowers(1800), flowers(500)), num_epochs=10)
print("metric val_acc {:.4f}".format(final))
