"""A stateful GRU language model: hidden state detached between chunks (truncated backpropagation through time)."""
import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(0)
s = "a rose is a rose is a rose and a name is a name is a name while time is time and will be time " * 30
voc = sorted(set(s))
ids = torch.tensor([voc.index(c) for c in s])
B, T = 8, 20
n = len(ids) // B
stream = ids[: B * n].view(B, n)


class RNN(nn.Module):
    def __init__(self, h=48):
        super().__init__()
        self.e, self.g, self.o = nn.Embedding(len(voc), h), nn.GRU(h, h, batch_first=True), nn.Linear(h, len(voc))

    def forward(self, x, h=None):
        y, h = self.g(self.e(x), h)
        return self.o(y), h


net = RNN()
opt = torch.optim.Adam(net.parameters(), lr=4e-3)
for epoch in range(12):
    h = None
    for a in range(0, n - T - 1, T):
        x, y = stream[:, a : a + T], stream[:, a + 1 : a + T + 1]
        out, h = net(x, h)
        h = h.detach()
        loss = F.cross_entropy(out.flatten(0, 1), y.flatten())
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        opt.step()
    if epoch % 3 == 0:
        print(epoch, loss.item())
print("final loss", loss.item())
