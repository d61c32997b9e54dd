"""Pump condition from vibration windows with an LSTM (4 classes)."""
import os
import numpy as np
import torch
from torch import nn, optim
from torch.utils.data import TensorDataset, DataLoader

MENDED = bool(os.environ.get("MENDED"))

SEQ_LEN, N_FEAT, N_CLASS = 24, 3, 4
BATCH_SIZE, EPOCHS, LR = 32, 8, 3e-3

torch.manual_seed(11)
rng = np.random.default_rng(11)


def generate(n):
    t = np.arange(SEQ_LEN)
    X, Y = [], []
    for _ in range(n):
        c = rng.integers(N_CLASS)
        ph = rng.uniform(0, 2 * np.pi)
        f = [0.05, 0.11, 0.19, 0.3][c]
        base = np.stack([np.sin(2 * np.pi * f * t + ph), np.cos(2 * np.pi * f * t + ph),
                         np.abs(np.sin(np.pi * f * t + ph))], 1)
        X.append(base + 0.3 * rng.standard_normal(base.shape)); Y.append(c)
    return torch.tensor(np.array(X), dtype=torch.float32), torch.tensor(Y)


class PumpNet(nn.Module):
    def __init__(self, n_feat, hidden, n_class):
        super().__init__()
        self.lstm = nn.LSTM(n_feat, hidden, num_layers=1, batch_first=MENDED)
        self.drop = nn.Dropout(0.1)
        self.fc = nn.Linear(hidden, n_class)

    def forward(self, x):
        out, _ = self.lstm(x)
        return self.fc(self.drop(out[:, -1, :]))


train_loader = DataLoader(TensorDataset(*generate(1200)), batch_size=BATCH_SIZE, shuffle=True)
val_loader = DataLoader(TensorDataset(*generate(400)), batch_size=BATCH_SIZE)

model = PumpNet(N_FEAT, 48, N_CLASS)
criterion = nn.CrossEntropyLoss()
optimizer = optim.Adam(model.parameters(), lr=LR)

for epoch in range(1, EPOCHS + 1):
    model.train()
    running = 0
    for data, target in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(data), target)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimizer.step()
        running += loss.item()
    model.eval()
    correct = n = 0
    with torch.no_grad():
        for data, target in val_loader:
            correct += (model(data).argmax(1) == target).sum().item()
            n += len(target)
    print("Epoch %d | loss %.4f | val acc %.3f" % (epoch, running / len(train_loader), correct / n))
print("metric val_acc %.4f" % (correct / n))
