"""Gesture recognition from hand positions with a GRU."""
import os
import torch
import torch.nn as nn

MENDED = bool(os.environ.get("MENDED"))
torch.manual_seed(31)
T, F_, K = 20, 6, 5


def gestures(n):
    y = torch.randint(0, K, (n,))
    t = torch.linspace(0, 6.28, T)
    w = (y.float() * .5 + .5)[:, None, None]
    ph = torch.rand(n, 1, F_) * .8 + torch.arange(F_) * .7
    x = torch.sin(w * t[None, :, None] + ph) + .5 * torch.randn(n, T, F_) + torch.randn(n, 1, F_) * .3
    return x, y


class GestureRNN(nn.Module):
    def __init__(self, hidden=48):
        super().__init__()
        self.proj = nn.Linear(F_, 16)
        self.gru = nn.GRU(16, hidden)
        self.head = nn.Linear(hidden, K)

    def forward(self, x):
        b, t, _ = x.shape
        h = torch.relu(self.proj(x))
        h = h.transpose(0, 1) if MENDED else h.view(t, b, -1)
        out, _ = self.gru(h)
        return self.head(out[-1])


xtr, ytr = gestures(1600)
xva, yva = gestures(320)
net = GestureRNN()
opt = torch.optim.Adam(net.parameters(), lr=3e-3)
for epoch in range(6):
    order = torch.randperm(len(xtr))
    tot, right = 0., 0
    net.train()
    for i in range(0, len(xtr), 32):
        j = order[i:i + 32]
        out = net(xtr[j])
        loss = nn.functional.cross_entropy(out, ytr[j])
        opt.zero_grad(); loss.backward(); opt.step()
        tot += loss.item() * len(j); right += (out.argmax(1) == ytr[j]).sum().item()
    net.eval()
    with torch.no_grad():
        acc = (torch.cat([net(c) for c in xva.split(32)]).argmax(1) == yva).float().mean().item()
    print(f"epoch {epoch}: train loss {tot / len(xtr):.4f} train acc {right / len(xtr):.3f} val acc {acc:.3f}")
print("metric val_acc", round(acc, 4))
