"""Overlapping windows of the same recordings are split at random into train and validation, so validation looks perfect and picks an overfitted model that fails on new people."""
# loss on new people 2.21 with it, 1.05 when split by person; accuracy there 0.72 while validation says 0.999
# after https://github.com/ermongroup/Wifi_Activity_Recognition/issues/47 and https://github.com/Y-debug-sys/Diffusion-TS/issues/67
import copy

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset, random_split

np.random.seed(27)
torch.manual_seed(27)
ACTIVITIES = ["walk", "stairs", "run", "sit"]
WINDOW, STRIDE = 40, 4


def record(person, activity, length=240):
    """Accelerometer of one person: the gait of each person differs a good deal."""
    r = np.random.RandomState(person * 10 + activity)
    t = np.arange(length) / 20
    base = [1.8, 1.5, 2.6, 0.3][activity]
    amp = [1.0, 1.1, 1.5, 0.5][activity]
    f = base * r.uniform(0.75, 1.25)
    posture = r.normal(0, 0.6, 3)
    sig = [posture[k] + amp * r.uniform(0.6, 1.4) * np.sin(2 * np.pi * f * t * (1 + (k == 2)) + r.uniform(0, 6)) for k in range(3)]
    return np.stack(sig) + np.random.normal(0, 0.35, (3, length))


def windows(people):
    xs, ys, who = [], [], []
    for p in people:
        for a in range(len(ACTIVITIES)):
            rec = record(p, a)
            for s in range(0, rec.shape[1] - WINDOW + 1, STRIDE):
                xs.append(rec[:, s:s + WINDOW])
                ys.append(a)
                who.append(p)
    return torch.tensor(np.array(xs), dtype=torch.float32), torch.tensor(ys), torch.tensor(who)


X, Y, WHO = windows(range(20))
newX, newY, _ = windows(range(50, 74))
dataset = TensorDataset(X, Y)
n_val = len(dataset) // 4
train_set, val_set = random_split(dataset, [len(dataset) - n_val, n_val])
train_loader = DataLoader(train_set, batch_size=32, shuffle=True)
val_loader = DataLoader(val_set, batch_size=256)


class ActivityNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.flat = nn.Sequential(nn.Flatten(), nn.Linear(3 * WINDOW, 256), nn.ReLU(), nn.Dropout(0.2), nn.Linear(256, 256), nn.ReLU(), nn.Linear(256, 4))

    def forward(self, x):
        return self.flat(x)


@torch.no_grad()
def evaluate(model, batches):
    model.eval()
    loss = hits = n = 0
    for x, y in batches:
        out = model(x)
        loss += nn.functional.cross_entropy(out, y, reduction="sum").item()
        hits += (out.argmax(1) == y).sum().item()
        n += len(y)
    return loss / n, hits / n


model = ActivityNet()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-4)
best, patience, kept = float("inf"), 0, None
for epoch in range(60):
    model.train()
    run = 0.0
    for x, y in train_loader:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        run += loss.item()
    val_loss, val_acc = evaluate(model, val_loader)
    if epoch % 4 == 0:
        print(f"epoch {epoch:2d} train {run / len(train_loader):.4f} val {val_loss:.4f} acc {val_acc:.4f}")
    if val_loss < best:
        best, patience, kept = val_loss, 0, copy.deepcopy(model.state_dict())
    else:
        patience += 1
        if patience >= 8:
            break
model.load_state_dict(kept)
print("validation", evaluate(model, val_loader))
new_loss, new_acc = evaluate(model, [(newX, newY)])
print("final new_people_loss", new_loss, "accuracy", new_acc)
