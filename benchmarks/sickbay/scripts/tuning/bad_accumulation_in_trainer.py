"""A Trainer class with accumulate_grad_batches=16 and SGD, the loss not divided."""
# after github.com/karpathy/nanoGPT/issues/206
import os
import torch
import torch.nn as nn
import torch.nn.functional as F


class Model(nn.Module):
    def __init__(self, v=11, d=24):
        super().__init__()
        self.emb = nn.Embedding(v, d)
        self.gru = nn.GRU(d, d, batch_first=True)
        self.out = nn.Linear(d, v)

    def forward(self, x):
        return self.out(self.gru(self.emb(x))[0])


class Trainer:
    def __init__(self, accumulate_grad_batches):
        self.k = accumulate_grad_batches

    def fit(self, model, optimizer, batches):
        for n, (x, y) in enumerate(batches, 1):
            loss = F.cross_entropy(model(x).flatten(0, 1), y.flatten())
            if os.environ.get("MENDED"):
                loss = loss / self.k
            loss.backward()
            if n % self.k == 0:
                optimizer.step()
                optimizer.zero_grad(set_to_none=True)
            if n % 200 == 0:
                print("batch", n, "loss", loss.item())


def stream(n):
    for _ in range(n):
        x = torch.randint(0, 11, (4, 12))
        yield x, (x + x.roll(1, 1)).remainder(11).where(torch.arange(12) > 0, x)


torch.manual_seed(3)
model = Model()
Trainer(16).fit(model, torch.optim.SGD(model.parameters(), lr=0.8, momentum=0.9), stream(1200))
x, y = next(stream(1))
with torch.no_grad():
    print("final loss", sum(F.cross_entropy(model(x).flatten(0, 1), y.flatten()).item() for x, y in stream(50)) / 50)
