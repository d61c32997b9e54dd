"""A Transformer classifier with get_linear_schedule_with_warmup, its horizon given in epochs."""
# after github.com/ScrollPrize/villa/pull/1495
import os
import torch
import torch.nn as nn
from torch.optim.lr_scheduler import LambdaLR


def get_linear_schedule_with_warmup(optimizer, warmup, total):
    def lr_lambda(step):
        if step < warmup:
            return step / max(1, warmup)
        return max(0.0, (total - step) / max(1, total - warmup))

    return LambdaLR(optimizer, lr_lambda)


class Model(nn.Module):
    def __init__(self, d=32):
        super().__init__()
        self.emb = nn.Embedding(10, d)
        self.layer = nn.TransformerEncoderLayer(d, 2, 64, dropout=0.0, batch_first=True)
        self.fc = nn.Linear(d, 2)

    def forward(self, x):
        return self.fc(self.layer(self.emb(x)).mean(1))


def batch(n):
    x = torch.randint(0, 10, (n, 9))
    return x, ((x == 3).sum(1) > (x == 7).sum(1)).long()


torch.manual_seed(0)
epochs, steps = 20, 30
model = Model()
opt = torch.optim.AdamW(model.parameters(), lr=1e-3)
horizon = epochs * steps if os.environ.get("MENDED") else epochs
sched = get_linear_schedule_with_warmup(opt, horizon // 10, horizon)
for epoch in range(epochs):
    for _ in range(steps):
        x, y = batch(32)
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        opt.step()
        sched.step()
        opt.zero_grad()
    if epoch % 4 == 0:
        print(epoch, loss.item())
x, y = batch(1000)
print("final test_loss", nn.functional.cross_entropy(model(x), y).item())
