"""A text classifier takes out[:, -1] of an LSTM on padded sentences: for most of them that is after a long run of padding."""
# after stackoverflow.com questions on the last output of an LSTM with padded batches
import os

import torch
import torch.nn as nn

torch.manual_seed(0)


class Text(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding, self.lstm = nn.Embedding(30, 16, padding_idx=0), nn.LSTM(16, 32, batch_first=True)
        self.head = nn.Linear(32, 4)

    def forward(self, x):
        out, _ = self.lstm(self.embedding(x))
        if os.environ.get("MENDED"):
            return self.head(out[torch.arange(len(x)), (x != 0).sum(1) - 1])
        return self.head(out[:, -1])


def batch(n):
    length = torch.randint(3, 9, (n,))
    length[0] = 60
    x = torch.randint(1, 30, (n, 60)) * (torch.arange(60) < length[:, None])
    return x, x[:, 1] % 4


model = Text()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
for step in range(300):
    x, y = batch(32)
    loss = nn.functional.cross_entropy(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 50 == 0:
        print(step, loss.item())
with torch.no_grad():
    x, y = batch(500)
    print("final val_loss", nn.functional.cross_entropy(model(x), y).item())
