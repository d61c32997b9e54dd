"""Graph classification (ring-like against tree-like molecules) with a GCN of several aggregation layers."""
import os
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader

MENDED = os.environ.get("MENDED") == "1"
np.random.seed(15)
torch.manual_seed(15)
MAXN, FEAT = 16, 6


def make_graph():
    n = np.random.randint(10, MAXN + 1)
    label = np.random.randint(0, 3)
    a = np.zeros((MAXN, MAXN), np.float32)
    for i in range(1, n):
        a[i, np.random.randint(max(0, i - 3), i)] = 1
    a = a + a.T
    kind = np.random.randint(0, FEAT, MAXN)
    i, j = np.nonzero(np.triu(a))
    pick = np.random.permutation(len(i))[:4]
    for e in pick:
        kind[i[e]], kind[j[e]] = [(0, 1), (0, 2), (1, 2)][label]
    x = np.eye(FEAT, dtype=np.float32)[kind]
    x[n:] = 0
    mask = (np.arange(MAXN) < n).astype(np.float32)
    return a, x, mask, label


def collate(items):
    return [torch.from_numpy(np.stack(c)) if k < 3 else torch.tensor(c) for k, c in enumerate(zip(*items))]


class GraphConvolution(nn.Module):
    def __init__(self, n_in, n_out):
        super().__init__()
        self.self_lin, self.neigh_lin = nn.Linear(n_in, n_out), nn.Linear(n_in, n_out, bias=False)

    def forward(self, x, adj):
        deg = adj.sum(-1, keepdim=True).clamp(min=1)
        return self.self_lin(x) + self.neigh_lin(adj @ x / deg)


class GCN(nn.Module):
    def __init__(self, n_feat, n_class, n_agg_layer=3, agg_hidden=8, fc_hidden=32):
        super().__init__()
        self.graphconv_layers = []
        for i in range(n_agg_layer):
            self.graphconv_layers.append(GraphConvolution(n_feat if i == 0 else agg_hidden, agg_hidden))
        if MENDED:
            self.graphconv_layers = nn.ModuleList(self.graphconv_layers)
        self.fc1 = nn.Linear(agg_hidden, fc_hidden)
        self.fc2 = nn.Linear(fc_hidden, n_class)

    def forward(self, adj, x, mask):
        for layer in self.graphconv_layers:
            x = F.relu(layer(x, adj)) * mask.unsqueeze(-1)
        pooled = x.sum(1) / mask.sum(1, keepdim=True)
        return self.fc2(F.relu(self.fc1(pooled)))


train_loader = DataLoader([make_graph() for _ in range(3000)], batch_size=50, shuffle=True, collate_fn=collate)
test_loader = DataLoader([make_graph() for _ in range(800)], batch_size=200, collate_fn=collate)
model = GCN(FEAT, 3)
print("parameters:", sum(p.numel() for p in model.parameters()))
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3, weight_decay=1e-5)
for epoch in range(1, 31):
    model.train()
    total = 0.0
    for adj, x, mask, y in train_loader:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(adj, x, mask), y)
        loss.backward()
        optimizer.step()
        total += loss.item()
    if epoch % 3 == 0:
        model.eval()
        with torch.no_grad():
            outs = [(model(a, x, m), y) for a, x, m, y in test_loader]
        acc = np.mean([(o.argmax(1) == y).float().mean().item() for o, y in outs])
        test_loss = np.mean([F.cross_entropy(o, y).item() for o, y in outs])
        print(f"epoch {epoch} train_loss {total / len(train_loader):.4f} test_acc {acc:.3f} test_loss {test_loss:.4f}")
