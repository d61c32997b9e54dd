# Fault detection on machine sensor windows with an LSTM
import os, numpy as np, torch, torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

MENDED = bool(os.environ.get("MENDED"))
torch.manual_seed(14); rng = np.random.default_rng(14)

T, NF = 30, 4

def windows(n):
    y = rng.integers(0, 4, n)
    x = rng.normal(0, 0.5, (n, T, NF))
    for i in range(n):
        t0 = rng.integers(3, 15)
        if y[i] == 1:
            x[i, t0:t0 + 5, 0] += 1.6
        elif y[i] == 2:
            x[i, t0:t0 + 5, 1] += 1.6
            x[i, t0 + 6:t0 + 10, 2] += 1.6
        elif y[i] == 3:
            x[i, t0:t0 + 8, 3] += 1.4 * np.array([1, -1] * 4)
    return torch.tensor(x, dtype=torch.float32), torch.tensor(y)

class FaultNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(input_size=NF, hidden_size=48, num_layers=1, batch_first=MENDED)
        self.fc = nn.Linear(48, 4)

    def forward(self, x):
        out, (h, c) = self.lstm(x)
        return self.fc(out[:, -1, :])

Xtr, ytr = windows(2400)
Xva, yva = windows(600)
train = DataLoader(TensorDataset(Xtr, ytr), batch_size=60, shuffle=True)
valid = DataLoader(TensorDataset(Xva, yva), batch_size=60)
model = FaultNet()
opt = torch.optim.Adam(model.parameters(), 4e-3)
crit = nn.CrossEntropyLoss()
for ep in range(16):
    model.train(); s = 0.
    for x, y in train:
        loss = crit(model(x), y)
        opt.zero_grad(); loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step(); s += loss.item()
    model.eval(); ok = 0
    with torch.no_grad():
        for x, y in valid:
            ok += (model(x).argmax(1) == y).sum().item()
    print('ep %2d  train %.4f  val acc %.3f' % (ep, s / len(train), ok / 600))
print('metric val_acc %.4f' % (ok / 600))
