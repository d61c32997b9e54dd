"""The tutorial's positional encoding on (batch, time, channel): pe[:x.size(0)] gives each sample one place for all its tokens."""
# after github.com/KasperGroesLudvigsen/influenza_transformer/issues/9
import math
import os

import torch
import torch.nn as nn

torch.manual_seed(0)


class PositionalEncoding(nn.Module):
    def __init__(self, d_model, max_len=500):
        super().__init__()
        position = torch.arange(max_len).unsqueeze(1)
        div_term = torch.exp(torch.arange(0, d_model, 2) * (-math.log(10000.0) / d_model))
        pe = torch.zeros(max_len, 1, d_model)
        pe[:, 0, 0::2] = torch.sin(position * div_term)
        pe[:, 0, 1::2] = torch.cos(position * div_term)
        self.register_buffer("pe", pe)

    def forward(self, x):
        if os.environ.get("MENDED"):
            return x + self.pe[: x.size(1)].transpose(0, 1)
        return x + self.pe[: x.size(0)]


class Forecaster(nn.Module):
    def __init__(self):
        super().__init__()
        self.input = nn.Linear(1, 32)
        self.positions = PositionalEncoding(32)
        layer = nn.TransformerEncoderLayer(32, 4, 64, dropout=0.0, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.output = nn.Linear(32, 1)

    def forward(self, x):
        return self.output(self.encoder(self.positions(self.input(x))).mean(1))


def windows(n):
    phase, speed = 6.28 * torch.rand(n, 1), 0.3 + 0.7 * torch.rand(n, 1)
    wave = torch.sin(phase + speed * torch.arange(17)) + 0.02 * torch.randn(n, 17)
    return wave[:, :16, None], wave[:, 16:]


model = Forecaster()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
for step in range(500):
    x, y = windows(48)
    loss = nn.functional.mse_loss(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 100 == 0:
        print(step, loss.item())
model.eval()
with torch.no_grad():
    x, y = windows(400)
    print("final val_loss", nn.functional.mse_loss(model(x), y).item())
