"""Heartbeat classification (normal, premature, fused, missed) with 3-fold cross-validation."""
import os
import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Subset, TensorDataset

MENDED = bool(os.environ.get("MENDED"))
np.random.seed(23)
torch.manual_seed(23)


def beats(kind, n, length=96):
    t = np.linspace(0, 1, length)
    out = []
    for _ in range(n):
        shift = np.random.normal(0, 0.03)
        amp = np.random.normal(1, 0.15)
        g = lambda m, s: np.exp(-((t - m - shift) / s) ** 2)
        p, qrs, tw = 0.2 * g(0.3, 0.04), amp * g(0.5, 0.015) - 0.25 * g(0.54, 0.02), 0.35 * g(0.75, 0.06)
        if kind == 1:
            wave = amp * 0.9 * g(0.42, 0.05) - 0.4 * g(0.6, 0.07)
        elif kind == 2:
            wave = 0.5 * (p + qrs + tw) + 0.5 * (amp * g(0.46, 0.04))
        elif kind == 3:
            wave = p + 0.15 * qrs + tw * 0.5
        else:
            wave = p + qrs + tw
        out.append(wave + 0.1 * np.random.randn(length) + 0.2 * np.sin(2 * np.pi * t * np.random.rand()))
    return np.array(out)


def load_records(per_class=420):
    signals = np.concatenate([beats(k, per_class) for k in range(4)]).astype(np.float32)
    labels = np.repeat(np.arange(4), per_class)
    return TensorDataset(torch.from_numpy(signals).unsqueeze(1), torch.from_numpy(labels))


def build_model():
    return nn.Sequential(
        nn.Conv1d(1, 16, 7, stride=2, padding=3), nn.ReLU(),
        nn.Conv1d(16, 32, 5, stride=2, padding=2), nn.ReLU(),
        nn.Conv1d(32, 32, 5, stride=2, padding=2), nn.ReLU(),
        nn.Flatten(), nn.Linear(32 * 12, 64), nn.ReLU(), nn.Linear(64, 4),
    )


def run_fold(fold, dataset, train_idx, val_idx, epochs=6):
    train_loader = DataLoader(Subset(dataset, train_idx), batch_size=32, shuffle=MENDED)
    val_loader = DataLoader(Subset(dataset, val_idx), batch_size=128)
    model = build_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)
    criterion = nn.CrossEntropyLoss()
    for epoch in range(epochs):
        model.train()
        loss_sum = 0.0
        for xb, yb in train_loader:
            optimizer.zero_grad()
            loss = criterion(model(xb), yb)
            loss.backward()
            optimizer.step()
            loss_sum += loss.item()
        model.eval()
        hits = 0
        with torch.no_grad():
            for xb, yb in val_loader:
                hits += (model(xb).argmax(1) == yb).sum().item()
        acc = hits / len(val_idx)
        print(f"fold {fold} epoch {epoch} loss {loss_sum / len(train_loader):.4f} val acc {acc:.3f}")
    return acc


dataset = load_records()
fold_of = np.arange(len(dataset)) % 3
scores = []
for k in range(3):
    train_idx = np.where(fold_of != k)[0].tolist()
    val_idx = np.where(fold_of == k)[0].tolist()
    scores.append(run_fold(k, dataset, train_idx, val_idx))
print("folds", [round(s, 3) for s in scores])
print(f"metric mean_acc {np.mean(scores):.4f}")
