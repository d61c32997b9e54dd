"""Tabular data as fast.ai does it: an embedding for each category, BatchNorm on the numbers, dropout, one cycle."""
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset, random_split

torch.manual_seed(0)
n, sizes = 3000, [7, 12, 3]
cats = torch.stack([torch.randint(0, s, (n,)) for s in sizes], 1)
conts = torch.randn(n, 5) * torch.tensor([1.0, 3.0, 0.5, 20.0, 1.0]) + torch.tensor([0.0, 1.0, 5.0, 40.0, 0.0])
effect = [torch.randn(s) for s in sizes]
y = sum(e[cats[:, k]] for k, e in enumerate(effect)) + conts[:, 0] + 0.05 * (conts[:, 3] - 40) + 0.2 * torch.randn(n)


class Tabular(nn.Module):
    def __init__(self):
        super().__init__()
        self.embs = nn.ModuleList([nn.Embedding(s, min(50, (s + 1) // 2)) for s in sizes])
        width = sum(e.embedding_dim for e in self.embs)
        self.bn = nn.BatchNorm1d(5)
        self.drop = nn.Dropout(0.05)
        self.layers = nn.Sequential(nn.Linear(width + 5, 64), nn.ReLU(), nn.BatchNorm1d(64), nn.Dropout(0.1),
                                    nn.Linear(64, 32), nn.ReLU(), nn.BatchNorm1d(32), nn.Linear(32, 1))

    def forward(self, c, x):
        h = self.drop(torch.cat([e(c[:, k]) for k, e in enumerate(self.embs)], 1))
        return self.layers(torch.cat([h, self.bn(x)], 1)).squeeze(1)


train, valid = random_split(TensorDataset(cats, conts, y), [2400, 600])
net = Tabular()
opt = torch.optim.AdamW(net.parameters(), lr=1e-3, weight_decay=0.01)
loader = DataLoader(train, 64, shuffle=True, drop_last=True)
sched = torch.optim.lr_scheduler.OneCycleLR(opt, 1e-2, epochs=8, steps_per_epoch=len(loader))
for epoch in range(8):
    net.train()
    for c, x, t in loader:
        loss = nn.functional.mse_loss(net(c, x), t)
        opt.zero_grad()
        loss.backward()
        opt.step()
        sched.step()
    net.eval()
    with torch.no_grad():
        val = sum(nn.functional.mse_loss(net(c, x), t, reduction="sum").item() for c, x, t in DataLoader(valid, 200)) / 600
    print(epoch, loss.item(), val)
