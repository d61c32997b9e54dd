"""Topic of papers in a citation graph (papers are numbered by publication date)."""
import os
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

MENDED = bool(os.environ.get("MENDED"))
torch.manual_seed(9)
rng = np.random.default_rng(9)

N, C, D = 900, 5, 40
topic = rng.integers(0, C, N)
words = rng.normal(0, 1, (C, D)) * 0.28
x = torch.tensor(words[topic] + rng.normal(0, 1, (N, D)), dtype=torch.float32)
y = torch.tensor(topic)

cites = []
for i in range(8, N):
    for _ in range(rng.integers(3, 9)):
        pool = rng.integers(0, i, 12)
        same = pool[topic[pool] == topic[i]]
        j = same[0] if len(same) and rng.random() < 0.85 else pool[0]
        cites.append((i, j))
edge_index = torch.tensor(sorted(set(cites))).t()      # row 0: citing paper, row 1: cited paper
if MENDED:
    edge_index = torch.cat([edge_index, edge_index.flip(0)], dim=1)

train_mask = torch.zeros(N, dtype=torch.bool)
train_mask[torch.from_numpy(rng.permutation(600)[:150])] = True
test_mask = torch.zeros(N, dtype=torch.bool)
test_mask[650:] = True


class GCNLayer(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.lin = nn.Linear(i, o)

    def forward(self, h, ei):
        loops = torch.arange(h.size(0))
        src, dst = torch.cat([ei[0], loops]), torch.cat([ei[1], loops])
        deg = torch.zeros(h.size(0)).index_add_(0, dst, torch.ones(len(dst)))
        msg = self.lin(h)[src] / deg[dst, None]
        return torch.zeros(h.size(0), msg.size(1)).index_add_(0, dst, msg)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.g1, self.g2 = GCNLayer(D, 32), GCNLayer(32, C)

    def forward(self, h, ei):
        h = F.dropout(F.relu(self.g1(h, ei)), 0.5, self.training)
        return self.g2(h, ei)


model = Net()
opt = torch.optim.Adam(model.parameters(), lr=0.01, weight_decay=5e-3)
for epoch in range(1, 201):
    model.train()
    opt.zero_grad()
    out = model(x, edge_index)
    loss = F.cross_entropy(out[train_mask], y[train_mask])
    loss.backward()
    opt.step()
    if epoch % 25 == 0:
        model.eval()
        with torch.no_grad():
            pred = model(x, edge_index).argmax(1)
        tr = (pred == y)[train_mask].float().mean().item()
        te = (pred == y)[test_mask].float().mean().item()
        print(f"epoch {epoch:3d} loss {loss.item():.3f} train acc {tr:.3f} test acc {te:.3f}")
print(f"metric test_acc {te:.4f}")
