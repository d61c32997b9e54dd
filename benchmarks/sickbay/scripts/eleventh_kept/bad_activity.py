"""Activity recognition from accelerometer windows; one recording per activity."""
import os
import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import Dataset, DataLoader

MENDED = bool(os.environ.get("MENDED"))
np.random.seed(6); torch.manual_seed(6)
ACTIVITIES = ["lie", "sit", "walk", "run", "cycle", "stairs"]


def recording(label, n):
    t = np.arange(40) / 20
    freq, amp, tilt = [.2, .3, 1.5, 2.8, 1.1, 1.9][label], [.1, .2, .8, 1.4, .6, 1.0][label], label * .25 - .6
    w = []
    for _ in range(n):
        ph = np.random.rand(3) * 6.28
        base = amp * np.sin(2 * np.pi * freq * (1 + .1 * np.random.randn()) * t + ph[:, None])
        w.append(base + tilt * np.array([[1.], [-.5], [.3]]) + .5 * np.random.randn(3, 40))
    return np.stack(w).astype("float32")


class Windows(Dataset):
    def __init__(self, per_class):
        self.x = np.concatenate([recording(k, per_class) for k in range(6)])
        self.y = np.repeat(np.arange(6), per_class)

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        return torch.from_numpy(self.x[i]), int(self.y[i])


train_dl = DataLoader(Windows(200), batch_size=24, shuffle=MENDED)
val_dl = DataLoader(Windows(60), batch_size=120)
model = nn.Sequential(nn.Conv1d(3, 24, 7, padding=3), nn.ReLU(), nn.MaxPool1d(2), nn.Conv1d(24, 32, 5, padding=2),
                      nn.ReLU(), nn.AdaptiveAvgPool1d(4), nn.Flatten(), nn.Linear(128, 6))
opt = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)
for epoch in range(8):
    losses = []
    for x, y in train_dl:
        loss = nn.functional.cross_entropy(model(x), y)
        opt.zero_grad(); loss.backward(); opt.step()
        losses.append(loss.item())
    with torch.no_grad():
        pred = torch.cat([model(x).argmax(1) for x, _ in val_dl])
    acc = float((pred.numpy() == val_dl.dataset.y).mean())
    print(f"epoch {epoch} train loss {np.mean(losses):.4f} val acc {acc:.3f} predicted {np.bincount(pred.numpy(), minlength=6)}")
print("metric val_acc", round(acc, 4))
