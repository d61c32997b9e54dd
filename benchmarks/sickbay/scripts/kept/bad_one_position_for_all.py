"""Every token gets the positional encoding of one place (pe[:, T] for pe[:, :T]), so the order of a sequence is lost."""
# after github.com/DiffPoseTalk/DiffPoseTalk/issues/20
import math
import os

import torch
import torch.nn as nn

torch.manual_seed(0)


class Positions(nn.Module):
    def __init__(self, d, longest=64):
        super().__init__()
        t, k = torch.arange(longest)[:, None], torch.exp(torch.arange(0, d, 2) * (-math.log(10000.0) / d))
        pe = torch.zeros(1, longest, d)
        pe[0, :, 0::2], pe[0, :, 1::2] = torch.sin(t * k), torch.cos(t * k)
        self.register_buffer("pe", pe)

    def forward(self, x):
        if os.environ.get("MENDED"):
            return x + self.pe[:, : x.shape[1], :]
        return x + self.pe[:, x.shape[1], :]


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding, self.positions = nn.Embedding(10, 32), Positions(32)
        self.encoder = nn.TransformerEncoder(
            nn.TransformerEncoderLayer(32, 4, 64, dropout=0.0, batch_first=True), 2, enable_nested_tensor=False
        )
        self.head = nn.Linear(32, 10)

    def forward(self, x):
        return self.head(self.encoder(self.positions(self.embedding(x))).mean(1))


def batch(n):
    x = torch.randint(0, 10, (n, 8))
    return x, x[:, 2]  # which symbol stands in the third place


model = Classifier()
optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
for step in range(700):
    x, y = batch(64)
    loss = nn.functional.cross_entropy(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 100 == 0:
        print(step, loss.item())
model.eval()
with torch.no_grad():
    x, y = batch(1000)
    print("final val_loss", nn.functional.cross_entropy(model(x), y).item())
