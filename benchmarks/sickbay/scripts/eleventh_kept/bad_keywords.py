"""Spoken keyword classifier on mock log-mel frames."""
import os
import torch
import torch.nn as nn
from torch.optim.lr_scheduler import StepLR
from torch.utils.data import DataLoader, TensorDataset

MENDED = bool(os.environ.get("MENDED"))
torch.manual_seed(0)
WORDS, MEL, T = 10, 16, 24
templates = torch.randn(WORDS, MEL, 10)


def utterances(n):
    y = torch.randint(0, WORDS, (n,))
    x = torch.randn(n, MEL, T)
    for i in range(n):
        s = int(torch.randint(0, T - 10, (1,)))
        x[i, :, s:s + 10] += 0.6 * templates[y[i]]
    return TensorDataset(x, y)


class KWS(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Conv1d(MEL, 32, 5, padding=2), nn.BatchNorm1d(32), nn.ReLU(), nn.MaxPool1d(2),
                                 nn.Conv1d(32, 48, 5, padding=2), nn.BatchNorm1d(48), nn.ReLU(), nn.AdaptiveMaxPool1d(1),
                                 nn.Flatten(), nn.Linear(48, WORDS))

    def forward(self, x):
        return self.net(x)


class Trainer:
    def __init__(self, model, train, val):
        self.model, self.train_dl, self.val_dl = model, train, val
        self.opt = torch.optim.Adam(model.parameters(), lr=2e-3)
        self.sched = StepLR(self.opt, step_size=4, gamma=0.3)

    def train_epoch(self):
        self.model.train()
        tot = 0
        for x, y in self.train_dl:
            loss = nn.functional.cross_entropy(self.model(x), y)
            self.opt.zero_grad()
            loss.backward()
            self.opt.step()
            if not MENDED:
                self.sched.step()
            tot += loss.item()
        if MENDED:
            self.sched.step()
        return tot / len(self.train_dl)

    @torch.no_grad()
    def evaluate(self):
        self.model.eval()
        hit = n = 0
        for x, y in self.val_dl:
            hit += (self.model(x).argmax(1) == y).sum().item()
            n += len(y)
        return hit / n


tr = DataLoader(utterances(900), batch_size=30, shuffle=True)
va = DataLoader(utterances(300), batch_size=100)
t = Trainer(KWS(), tr, va)
for e in range(10):
    l = t.train_epoch()
    a = t.evaluate()
    print(f"epoch {e} loss {l:.4f} val acc {a:.4f}")
print("metric val_acc", round(a, 4))
