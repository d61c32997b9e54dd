"""Paper topic classification on a citation graph, two layer GCN-like net in plain torch."""
import os
import torch
import torch.nn as nn
import torch.nn.functional as F

MENDED = bool(os.environ.get("MENDED"))
torch.manual_seed(12)
N, K, D = 1200, 5, 24


def make_graph():
    y = torch.randint(0, K, (N,))
    x = torch.randn(K, D)[y] * 0.45 + torch.randn(N, D)
    src, dst = [], []
    for v in range(20, N):
        older = torch.randint(0, v, (60,))
        same = older[y[older] == y[v]][:4]
        for w in same.tolist() + torch.randint(0, v, (1,)).tolist():
            src.append(v); dst.append(w)
    return x, y, torch.tensor([src, dst])


class Conv(nn.Module):
    def __init__(self, a, b):
        super().__init__()
        self.own, self.nbr = nn.Linear(a, b), nn.Linear(a, b, bias=False)

    def forward(self, x, edge_index):
        s, d = edge_index
        agg = torch.zeros(len(x), x.shape[1]).index_add_(0, d, x[s])
        deg = torch.zeros(len(x)).index_add_(0, d, torch.ones(len(d))).clamp(min=1)
        return self.own(x) + self.nbr(agg / deg[:, None])


class GNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1, self.c2 = Conv(D, 32), Conv(32, K)

    def forward(self, x, e):
        h = F.dropout(F.relu(self.c1(x, e)), 0.5, self.training)
        return self.c2(h, e)


x, y, edge_index = make_graph()
if MENDED:
    edge_index = torch.cat([edge_index, edge_index.flip(0)], 1)
print("nodes", N, "edge_index", tuple(edge_index.shape))
train_idx, val_idx = torch.arange(0, 700), torch.arange(700, N)
model = GNN()
opt = torch.optim.Adam(model.parameters(), lr=1e-2, weight_decay=5e-4)
for epoch in range(1, 201):
    model.train()
    loss = F.cross_entropy(model(x, edge_index)[train_idx], y[train_idx])
    opt.zero_grad(); loss.backward(); opt.step()
    if epoch % 20 == 0:
        model.eval()
        with torch.no_grad():
            ok = model(x, edge_index).argmax(1) == y
        acc = ok[val_idx].float().mean().item()
        print(f"epoch {epoch} loss {loss.item():.4f} train {ok[train_idx].float().mean():.3f} val {acc:.3f}")
print("metric val_acc", round(acc, 4))
