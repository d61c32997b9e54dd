"""Spoken keyword classifier, mixed precision, clipped gradients."""
import os
import numpy as np
import torch
import torch.nn as nn
from torch.amp import autocast, GradScaler

MENDED = bool(os.environ.get("MENDED"))


class Config:
    classes = 8
    frames, mels = 20, 16
    lr, momentum, clip = 0.05, 0.9, 1.0
    epochs, bs = 8, 32
    seed = 13


def build_data(n, rng, templates):
    y = rng.integers(Config.classes, size=n)
    x = np.stack([np.roll(templates[k], rng.integers(-3, 4), axis=0) for k in y])
    x = x + 0.7 * rng.standard_normal(x.shape)
    return torch.tensor(x, dtype=torch.float32)[:, None], torch.tensor(y)


def build_model():
    return nn.Sequential(
        nn.Conv2d(1, 12, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(12, 24, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(24 * 5 * 4, 48), nn.ReLU(), nn.Linear(48, Config.classes))


def evaluate(model, x, y):
    model.eval()
    with torch.no_grad():
        return (model(x).argmax(1) == y).float().mean().item()


def main():
    torch.manual_seed(Config.seed)
    rng = np.random.default_rng(Config.seed)
    templates = rng.standard_normal((Config.classes, Config.frames, Config.mels))
    xt, yt = build_data(1000, rng, templates)
    xv, yv = build_data(400, rng, templates)
    model = build_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=Config.lr, momentum=Config.momentum)
    scaler = GradScaler("cpu")
    criterion = nn.CrossEntropyLoss()
    for epoch in range(Config.epochs):
        model.train()
        losses = []
        for ids in torch.randperm(len(xt)).split(Config.bs):
            optimizer.zero_grad(set_to_none=True)
            with autocast("cpu", dtype=torch.bfloat16):
                loss = criterion(model(xt[ids]), yt[ids])
            scaler.scale(loss).backward()
            if MENDED:
                scaler.unscale_(optimizer)
            nn.utils.clip_grad_norm_(model.parameters(), Config.clip)
            scaler.step(optimizer)
            scaler.update()
            losses.append(loss.item())
        print(f"Epoch {epoch+1}/{Config.epochs} loss={np.mean(losses):.4f} val_acc={evaluate(model, xv, yv):.4f} scale={scaler.get_scale():.0f}")
    print(f"metric val_acc {evaluate(model, xv, yv):.4f}")


if __name__ == "__main__":
    main()
