"""An LSTM that keeps its hidden state in self.hidden from batch to batch, though the samples of the batches are unrelated."""
# after github.com/ruohoruotsi/LSTM-Music-Genre-Classification/issues/12 and discuss.pytorch.org questions on init_hidden
import os

import torch
import torch.nn as nn

torch.manual_seed(0)


class Genre(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm, self.head, self.hidden = nn.LSTM(6, 32, batch_first=True), nn.Linear(32, 2), None

    def forward(self, x):
        if os.environ.get("MENDED"):
            self.hidden = None
        out, hidden = self.lstm(x, self.hidden)
        self.hidden = tuple(h.detach() for h in hidden)
        return self.head(out[:, -1])


def batch(n=32):
    x = torch.randn(n, 5, 6)
    return x, (x[:, :, 0].sum(1) > 0).long()


model = Genre()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
for step in range(300):
    x, y = batch()
    loss = nn.functional.cross_entropy(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 50 == 0:
        print(step, loss.item())
with torch.no_grad():
    print("final val_loss", sum(nn.functional.cross_entropy(model(x), y).item() for x, y in (batch() for _ in range(30))) / 30)
