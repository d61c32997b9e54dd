# Wide & deep model for predicted watch time
import os
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import TensorDataset, DataLoader

MENDED = bool(os.environ.get("MENDED"))
torch.manual_seed(19)
np.random.seed(19)

FIELDS = [60, 40, 12, 7]
N = 9000
cols = np.stack([np.random.randint(0, c, N) for c in FIELDS], 1)
emb = [np.random.randn(c, 4) * 0.6 for c in FIELDS]
z = [emb[f][cols[:, f]] for f in range(4)]
target = (z[0] * z[1]).sum(1) + (z[2] * z[1]).sum(1) + z[3][:, 0] + z[0][:, 1] + 0.3 * np.random.randn(N)
target = (target - target.mean()) / target.std()
offsets = np.array([0, *np.cumsum(FIELDS)[:-1]])
cols = torch.from_numpy(cols + offsets)
target = torch.from_numpy(target).float()
train = DataLoader(TensorDataset(cols[:8000], target[:8000]), batch_size=125, shuffle=True)


class WideDeep(nn.Module):
    def __init__(self, n, k=8, p=0.5):
        super().__init__()
        self.lin = nn.Embedding(n, 1)
        self.v = nn.Embedding(n, k)
        nn.init.normal_(self.v.weight, std=0.3)
        self.l1, self.l2, self.l3 = nn.Linear(4 * k, 96), nn.Linear(96, 48), nn.Linear(48, 1)
        self.p = p

    def forward(self, c):
        e = self.v(c)
        kw = dict(training=self.training) if MENDED else {}
        h = e.flatten(1)
        h = F.dropout(F.relu(self.l1(h)), self.p, **kw)
        h = F.dropout(F.relu(self.l2(h)), self.p, **kw)
        return self.lin(c).sum((1, 2)) + self.l3(h).squeeze(1)


model = WideDeep(sum(FIELDS))
optim = torch.optim.Adam(model.parameters(), lr=4e-3, weight_decay=1e-5)
for epoch in range(18):
    model.train()
    hist = []
    for c, t in train:
        loss = F.mse_loss(model(c), t)
        optim.zero_grad()
        loss.backward()
        optim.step()
        hist.append(loss.item())
    model.eval()
    with torch.no_grad():
        val = F.mse_loss(model(cols[8000:]), target[8000:]).item()
    if epoch % 2 == 0:
        print("epoch %2d train mse %.4f val mse %.4f" % (epoch, np.mean(hist), val))
print("metric val_mse %.4f" % val)
