"""Well: series of unequal length with gaps; the loss is summed over observed points and divided by their number, the rest is masked out."""
# neighbour of reading past the padding: targets hold nan where nothing was measured, and never reach the loss
import torch
import torch.nn as nn

torch.manual_seed(50)
MAX = 50


def patients(n):
    length = torch.randint(8, MAX + 1, (n,))
    t = torch.arange(MAX).float()
    freq, phase = 0.15 + 0.25 * torch.rand(n, 1), 6.28 * torch.rand(n, 1)
    clean = torch.sin(freq * t + phase)
    x = clean + 0.1 * torch.randn(n, MAX)
    y = torch.sin(freq * (t + 1) + phase)
    seen = (t < length[:, None]) & (torch.rand(n, MAX) > 0.3)
    return torch.where(t < length[:, None], x, 0.0).unsqueeze(2), torch.where(seen, y, float("nan")), length


class Forecaster(nn.Module):
    def __init__(self):
        super().__init__()
        self.gru = nn.GRU(1, 40, batch_first=True)
        self.out = nn.Linear(40, 1)

    def forward(self, x, n):
        p = nn.utils.rnn.pack_padded_sequence(x, n, batch_first=True, enforce_sorted=False)
        h, _ = nn.utils.rnn.pad_packed_sequence(self.gru(p)[0], batch_first=True, total_length=MAX)
        return self.out(h).squeeze(2)


def masked_mse(pred, y):
    seen = ~torch.isnan(y)
    diff = (pred - torch.where(seen, y, pred.detach())) * seen
    return diff.pow(2).sum() / seen.sum().clamp(min=1)


X, Y, L = patients(1200)
Xv, Yv, Lv = patients(300)
net = Forecaster()
opt = torch.optim.Adam(net.parameters(), lr=4e-3)
for epoch in range(16):
    net.train()
    for i in torch.randperm(1200).split(60):
        loss = masked_mse(net(X[i], L[i]), Y[i])
        opt.zero_grad()
        loss.backward()
        opt.step()
    net.eval()
    with torch.no_grad():
        val = masked_mse(net(Xv, Lv), Yv).item()
    print(epoch, round(loss.item(), 5), round(val, 5))
print("final val_mse", val, "of variance", Yv[~torch.isnan(Yv)].var().item())
