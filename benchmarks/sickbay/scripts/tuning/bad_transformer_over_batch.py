"""A set-maximum finder with nn.TransformerEncoder and batch-first data but not batch_first=True."""
# after github.com/Exorust/TorchLeet/issues/5 and github.com/IBM/TabFormer/pull/14
import os
import torch
import torch.nn as nn

torch.manual_seed(0)


class SetNet(nn.Module):
    def __init__(self, d=32):
        super().__init__()
        self.inp = nn.Linear(2, d)
        layer = nn.TransformerEncoderLayer(d, 4, 64, dropout=0.0, batch_first=bool(os.environ.get("MENDED")))
        self.enc = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.out = nn.Linear(d, 1)

    def forward(self, x):
        return self.out(self.enc(self.inp(x))[:, 0]).squeeze(-1)


def sets(n):
    x = torch.rand(n, 8, 2) * 2 - 1
    return x, x[:, :, 0].max(1).values - x[:, :, 1].min(1).values


model = SetNet()
opt = torch.optim.Adam(model.parameters(), lr=1e-3)
for step in range(500):
    x, y = sets(32)
    loss = (model(x) - y).abs().mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 100 == 0:
        print(f"step {step} loss {loss.item():.4f}")
x, y = sets(32 * 20)
with torch.no_grad():
    err = torch.stack([(model(a) - b).abs().mean() for a, b in zip(x.split(32), y.split(32), strict=True)]).mean()
print("final test_mae", err.item())
