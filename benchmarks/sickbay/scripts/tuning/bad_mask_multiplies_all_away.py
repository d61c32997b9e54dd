"""Sales forecasts of different lengths with a hand-made mask whose comparison is turned round."""
import os
import torch
from torch import nn

torch.manual_seed(14)
B, T = 32, 20


def make(n):
    lengths = torch.randint(8, T, (n,))
    level = torch.randn(n, 1)
    season = torch.sin(torch.arange(T) * 0.8)[None] * (1 + level)
    series = level + season + 0.1 * torch.randn(n, T)
    return series, lengths


def masked_mse(pred, target, lengths):
    steps = torch.arange(target.size(1))[None]
    if os.environ.get("MENDED"):
        mask = (steps < lengths[:, None]).float()
    else:
        mask = (steps > lengths[:, None] + T).float()
    return ((pred - target) ** 2 * mask).sum() / mask.sum().clamp(min=1)


rnn = nn.GRU(1, 24, batch_first=True)
out = nn.Linear(24, 1)
opt = torch.optim.Adam([*rnn.parameters(), *out.parameters()], lr=1e-2)
for step in range(250):
    s, n = make(B)
    h, _ = rnn(s[:, :-1, None])
    loss = masked_mse(out(h).squeeze(-1), s[:, 1:], n - 1)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 50 == 0:
        print(step, loss.item())
s, n = make(300)
with torch.no_grad():
    print("final test_mse", (out(rnn(s[:, :-1, None])[0]).squeeze(-1) - s[:, 1:]).pow(2).mean().item())
