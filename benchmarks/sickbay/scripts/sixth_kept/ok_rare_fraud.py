"""Fraud detection: one fraud in a hundred, focal loss, natural sampling; judged by average precision."""
import math
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(33)


def transactions(n):
    x = torch.randn(n, 16)
    score = 1.3 * x[:, 0] + 1.1 * x[:, 1] * x[:, 2] + 0.9 * (x[:, 3] > 1).float() * 2 - 6.9 + 0.5 * torch.randn(n)
    y = (torch.rand(n) < torch.sigmoid(1.6 * score + 1.5)).float()
    amount = torch.exp(1.0 + 0.8 * torch.randn(n, 1) + 0.2 * y[:, None])
    return torch.cat([x, amount.log()], 1), y


class FraudNet(nn.Module):
    def __init__(self, prior):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(17, 64), nn.GELU(), nn.Linear(64, 64), nn.GELU())
        self.out = nn.Linear(64, 1)
        nn.init.constant_(self.out.bias, math.log(prior / (1 - prior)))

    def forward(self, x):
        return self.out(self.body(x)).squeeze(1)


def focal(logits, y, gamma=2.0, alpha=0.75):
    bce = F.binary_cross_entropy_with_logits(logits, y, reduction="none")
    p_right = torch.exp(-bce)
    weight = alpha * y + (1 - alpha) * (1 - y)
    return (weight * (1 - p_right) ** gamma * bce).sum() / max(1.0, y.sum().item())


def average_precision(scores, y):
    y = y[scores.argsort(descending=True)]
    precision = y.cumsum(0) / torch.arange(1, len(y) + 1)
    return ((precision * y).sum() / y.sum()).item()


train_x, train_y = transactions(40000)
val_x, val_y = transactions(15000)
print(f"fraud rate {train_y.mean():.4f}")
loader = DataLoader(TensorDataset(train_x, train_y), batch_size=256, shuffle=True)
model = FraudNet(train_y.mean().item())
opt = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=1e-2)

for epoch in range(8):
    model.train()
    total = 0.0
    for x, y in loader:
        loss = focal(model(x), y)
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
        total += loss.item()
    model.eval()
    with torch.no_grad():
        out = model(val_x)
    acc = ((out > 0).float() == val_y).float().mean().item()
    ap = average_precision(out, val_y)
    print(f"epoch {epoch} focal {total / len(loader):.5f} val acc {acc:.4f} flagged {(out > 0).float().mean():.4f} "
          f"average precision {ap:.4f}")

print(f"metric average_precision {ap:.4f}")
