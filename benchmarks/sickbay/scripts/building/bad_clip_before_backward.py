"""clip_grad_norm_ stands before backward, where the gradients have just been cleared: nothing is ever clipped."""
# after discuss.pytorch.org "proper way to do gradient clipping" and stackoverflow.com/questions/54716377
import os

import torch
import torch.nn as nn

torch.manual_seed(0)


class Counter(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn, self.head = nn.RNN(3, 32, nonlinearity="relu", batch_first=True), nn.Linear(32, 1)

    def forward(self, x):
        return self.head(self.rnn(x)[0][:, -1]).squeeze(1)


def batch(n):
    x = torch.randn(n, 30, 3)
    return x, x[:, :, 0].sum(1) / 3


model = Counter()
nn.init.eye_(model.rnn.weight_hh_l0)
optimizer = torch.optim.SGD(model.parameters(), lr=0.02)
for step in range(400):
    x, y = batch(32)
    loss = nn.functional.mse_loss(model(x), y)
    optimizer.zero_grad()
    if os.environ.get("MENDED"):
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    else:
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        loss.backward()
    optimizer.step()
    if step % 50 == 0:
        print(step, loss.item())
with torch.no_grad():
    x, y = batch(500)
    print("final val_loss", nn.functional.mse_loss(model(x), y).item())
