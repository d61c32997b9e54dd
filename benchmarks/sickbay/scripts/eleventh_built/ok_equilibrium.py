"""Deep equilibrium layer on three spirals."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(12)


class DEQ(nn.Module):
    def __init__(self, i, h):
        super().__init__()
        self.u, self.w = nn.Linear(i, h), nn.Linear(h, h, bias=False)
        nn.init.normal_(self.w.weight, 0, .4 / h ** .5)

    def cell(self, z, x):
        return torch.tanh(self.u(x) + self.w(z))

    def forward(self, x):
        with torch.no_grad():
            z = torch.zeros(len(x), self.w.in_features)
            for _ in range(15):
                z = self.cell(z, x)
        return self.cell(z.detach(), x)


def spirals(n):
    y = torch.randint(0, 3, (n,))
    r = torch.rand(n) * 2 + .2
    a = r * 1.6 + y * 2.094 + .12 * torch.randn(n)
    return torch.stack([r * a.cos(), r * a.sin()], 1), y


xv, yv = spirals(1000)
model = nn.Sequential(DEQ(2, 64), nn.Linear(64, 3))
opt = torch.optim.Adam(model.parameters(), lr=5e-3)
for i in range(701):
    x, y = spirals(128)
    loss = F.cross_entropy(model(x), y)
    opt.zero_grad(); loss.backward(); opt.step()
    if i % 100 == 0:
        with torch.no_grad():
            acc = (model(xv).argmax(1) == yv).float().mean().item()
        print("step", i, "loss", round(loss.item(), 4), "val acc", round(acc, 4))
print("metric val_acc", round(acc, 4))
