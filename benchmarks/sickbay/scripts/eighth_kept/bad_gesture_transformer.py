"""Recognising wrist gestures from accelerometer windows with a transformer encoder."""
import os
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import TensorDataset, DataLoader

MENDED = bool(os.environ.get("MENDED"))
torch.manual_seed(8)
T, C, CLASSES = 24, 3, 5


def simulate(n):
    y = torch.randint(0, CLASSES, (n,))
    t = torch.linspace(0, 1, T)
    x = torch.zeros(n, T, C)
    for i, c in enumerate(y.tolist()):
        a, start = 0.8 + 0.4 * torch.rand(1), 0.2 + 0.4 * torch.rand(1)
        bump = lambda m: a * torch.exp(-((t - m) / 0.07) ** 2)
        first, second = bump(start), bump(start + 0.25)
        if c == 0:
            x[i, :, 0] = first - second
        elif c == 1:
            x[i, :, 0] = second - first
        elif c == 2:
            x[i, :, 1] = first + second
        elif c == 3:
            x[i, :, 1], x[i, :, 2] = first, second
        else:
            x[i, :, 2], x[i, :, 1] = first, second
    return x + 0.15 * torch.randn(n, T, C), y


class GestureModel(nn.Module):
    def __init__(self, d=32, heads=2, depth=2):
        super().__init__()
        self.inp = nn.Linear(C, d)
        self.pos = nn.Parameter(0.02 * torch.randn(1, T, d))
        layer = nn.TransformerEncoderLayer(d, heads, dim_feedforward=64, dropout=0.1, batch_first=MENDED)
        self.encoder = nn.TransformerEncoder(layer, depth, enable_nested_tensor=False)
        self.cls = nn.Linear(d, CLASSES)

    def forward(self, x):
        h = self.encoder(self.inp(x) + self.pos)
        return self.cls(h[:, -1])


class Trainer:
    def __init__(self, model, train, val):
        self.model = model
        self.train_dl = DataLoader(TensorDataset(*train), batch_size=64, shuffle=True)
        self.val_dl = DataLoader(TensorDataset(*val), batch_size=64)
        self.opt = torch.optim.AdamW(model.parameters(), lr=2e-3)
        self.sched = torch.optim.lr_scheduler.OneCycleLR(self.opt, 3e-3, total_steps=9 * len(self.train_dl))

    def fit(self, epochs=9):
        for ep in range(epochs):
            self.model.train()
            for xb, yb in self.train_dl:
                loss = F.cross_entropy(self.model(xb), yb)
                self.opt.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
                self.opt.step()
                self.sched.step()
            print(f"epoch {ep}: last loss {loss.item():.3f}, val acc {self.validate():.3f}")

    @torch.no_grad()
    def validate(self):
        self.model.eval()
        ok = sum((self.model(xb).argmax(1) == yb).sum().item() for xb, yb in self.val_dl)
        return ok / len(self.val_dl.dataset)


trainer = Trainer(GestureModel(), simulate(1280), simulate(400))
trainer.fit()
print(f"metric val_acc {trainer.validate():.4f}")
