"""A GRU for parity of recent bits with an L2 penalty of 0.1 summed over all weights in the loss."""
import os
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(1)
LAMBDA = 1e-6 if os.environ.get("MENDED") else 0.1


class Parity(nn.Module):
    def __init__(self):
        super().__init__()
        self.gru = nn.GRU(1, 32, batch_first=True)
        self.lin = nn.Linear(32, 1)

    def forward(self, x):
        return self.lin(self.gru(x)[0]).squeeze(-1)


def batch(n=40, T=12):
    b = torch.randint(0, 2, (n, T)).float()
    return b[..., None], ((b + b.roll(1, 1)) % 2).where(torch.arange(T) > 0, b)


model = Parity()
opt = torch.optim.Adam(model.parameters(), lr=1e-2)
for step in range(300):
    x, y = batch()
    data_loss = F.binary_cross_entropy_with_logits(model(x), y)
    reg = sum((p**2).sum() for p in model.parameters())
    loss = data_loss + LAMBDA * reg
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 60 == 0:
        print(step, data_loss.item(), reg.item())
x, y = batch(500)
print("final bce", F.binary_cross_entropy_with_logits(model(x), y).item())
