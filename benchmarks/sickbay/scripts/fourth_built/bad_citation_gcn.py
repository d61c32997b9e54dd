"""Node classification with a GCN on a citation-like graph (stochastic block model)."""
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


def build_graph(n=600, k=5, p_in=0.03, p_out=0.004, seed=0):
    g = np.random.RandomState(seed)
    y = g.randint(0, k, n)
    prob = np.where(y[:, None] == y[None], p_in, p_out)
    a = np.triu(g.rand(n, n) < prob, 1)
    a = (a | a.T).astype(np.float32)
    # bag of words features, weakly informative
    topic = g.rand(k, 100) < 0.12
    x = (g.rand(n, 100) < np.where(topic[y], 0.15, 0.05)).astype(np.float32)
    return torch.from_numpy(a), torch.from_numpy(x), torch.from_numpy(y)


def normalise(a):
    a = a + torch.eye(len(a))
    d = a.sum(1).pow(-0.5)
    return d[:, None] * a * d[None]


class GraphConv(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(i, o))
        self.bias = nn.Parameter(torch.zeros(o))
        nn.init.xavier_uniform_(self.weight)

    def forward(self, adj, x):
        return adj @ (x @ self.weight) + self.bias


class GCN(nn.Module):
    def __init__(self, n_in, hid, n_out, n_layers, dropout=0.3):
        super().__init__()
        dims = [n_in] + [hid] * (n_layers - 1) + [n_out]
        self.convs = nn.ModuleList([GraphConv(a, b) for a, b in zip(dims[:-1], dims[1:])])
        self.dropout = dropout

    def forward(self, adj, x):
        for conv in self.convs[:-1]:
            x = F.relu(conv(adj, x))
            x = F.dropout(x, self.dropout, self.training)
        return self.convs[-1](adj, x)


torch.manual_seed(0)
A, X, y = build_graph()
X = X / X.sum(1, keepdim=True).clamp(min=1)
adj = normalise(A)
perm = torch.randperm(len(y))
train_idx, val_idx = perm[:200], perm[200:]

model = GCN(100, 32, 5, n_layers=16)
opt = torch.optim.Adam(model.parameters(), lr=0.01, weight_decay=5e-4)
for epoch in range(1, 201):
    model.train()
    opt.zero_grad()
    loss = F.cross_entropy(model(adj, X)[train_idx], y[train_idx])
    loss.backward()
    opt.step()
    if epoch % 25 == 0:
        model.eval()
        with torch.no_grad():
            pred = model(adj, X).argmax(1)
        print("Epoch: {:03d}, Loss: {:.4f}, Train: {:.3f}, Val: {:.3f}".format(
            epoch, loss.item(), (pred == y)[train_idx].float().mean().item(), (pred == y)[val_idx].float().mean().item()))
