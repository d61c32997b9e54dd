"""Node classification on a citation graph, split by publication time (old -> train, new -> test)."""
import os
import torch
import torch.nn as nn
import torch.nn.functional as F

MENDED = bool(os.environ.get("MENDED"))
g = torch.Generator().manual_seed(0)
torch.manual_seed(0)
N, K, D = 900, 5, 24

y = torch.randint(0, K, (N,), generator=g)
centers = torch.randn(K, D, generator=g)
x = 0.45 * centers[y] + torch.randn(N, D, generator=g)

src, dst = [], []
for paper in range(20, N):                    # ids follow publication order
    for _ in range(6):
        if torch.rand(1, generator=g) < 0.8:
            pool = (y[:paper] == y[paper]).nonzero().flatten()
        else:
            pool = torch.arange(paper)
        cited = pool[torch.randint(0, len(pool), (1,), generator=g)].item()
        src.append(paper)
        dst.append(cited)
edge_index = torch.tensor([src, dst])
if MENDED:
    edge_index = torch.cat([edge_index, edge_index.flip(0)], dim=1)
print("nodes", N, "edges", edge_index.size(1))


class Conv(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.own = nn.Linear(i, o)
        self.nbr = nn.Linear(i, o, bias=False)

    def forward(self, h, ei):
        s, d = ei
        agg = torch.zeros_like(h).index_add(0, d, h[s])
        deg = torch.zeros(len(h)).index_add(0, d, torch.ones(len(d))).clamp(min=1)
        return self.own(h) + self.nbr(agg / deg[:, None])


class SAGE(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = Conv(D, 32), Conv(32, K)

    def forward(self, h, ei):
        h = F.dropout(F.relu(self.a(h, ei)), 0.5, self.training)
        return self.b(h, ei)


train_mask = torch.arange(N) < 600
test_mask = torch.arange(N) >= 700
val_mask = ~train_mask & ~test_mask
model = SAGE()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01, weight_decay=5e-4)
for epoch in range(1, 201):
    model.train()
    out = model(x, edge_index)
    loss = F.cross_entropy(out[train_mask], y[train_mask])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if epoch % 20 == 0:
        model.eval()
        with torch.no_grad():
            ok = model(x, edge_index).argmax(1) == y
        accs = [ok[m].float().mean().item() for m in (train_mask, val_mask, test_mask)]
        print("Epoch {:03d} loss {:.4f} train {:.3f} val {:.3f} test {:.3f}".format(epoch, loss.item(), *accs))
print("metric test_acc %.4f" % accs[2])
