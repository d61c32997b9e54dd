"""Sort papers into six fields with a two-layer graph network; papers cite older papers."""
import os
import torch
import torch.nn as nn
import torch.nn.functional as F

MENDED = os.environ.get("MENDED") == "1"
torch.manual_seed(11)
N, CLASSES, FEAT = 1500, 6, 24


def make_citations():
    y = torch.randint(0, CLASSES, (N,))
    centers = torch.randn(CLASSES, FEAT)
    x = 0.45 * centers[y] + torch.randn(N, FEAT)
    src, dst = [], []
    for i in range(20, N):
        older = torch.arange(i)
        same = older[y[:i] == y[i]]
        for _ in range(6):
            pool = same if torch.rand(1).item() < 0.85 and len(same) else older
            # preference for well-known early papers
            j = pool[int(len(pool) * torch.rand(1).item() ** 1.5)]
            src.append(i)
            dst.append(int(j))
    return x, y, torch.tensor([src, dst])


def normalise(edge_index, n):
    loops = torch.arange(n).repeat(2, 1)
    src, dst = torch.cat([edge_index, loops], 1)
    deg = torch.zeros(n).index_add_(0, dst, torch.ones(len(dst)))
    weight = 1.0 / deg[dst]
    return src, dst, weight


class GraphConv(nn.Module):
    """mean of the messages that arrive along the edges"""

    def __init__(self, i, o):
        super().__init__()
        self.lin = nn.Linear(i, o)

    def forward(self, x, graph):
        src, dst, weight = graph
        h = self.lin(x)
        return torch.zeros_like(h).index_add(0, dst, h[src] * weight[:, None])


class PaperNet(nn.Module):
    def __init__(self, hidden=32):
        super().__init__()
        self.conv1, self.conv2 = GraphConv(FEAT, hidden), GraphConv(hidden, CLASSES)

    def forward(self, x, graph):
        h = F.relu(self.conv1(x, graph))
        h = F.dropout(h, 0.3, self.training)
        return self.conv2(h, graph)


x, y, edge_index = make_citations()
if MENDED:
    edge_index = torch.cat([edge_index, edge_index.flip(0)], 1)
graph = normalise(edge_index, N)
# split by time: train on the older papers, judge on the newest
train_idx = torch.arange(0, 1000)
val_idx = torch.arange(1000, N)

model = PaperNet()
opt = torch.optim.Adam(model.parameters(), lr=5e-3, weight_decay=1e-3)
for epoch in range(300):
    model.train()
    out = model(x, graph)
    loss = F.cross_entropy(out[train_idx], y[train_idx])
    opt.zero_grad()
    loss.backward()
    opt.step()
    if epoch % 20 == 0 or epoch == 299:
        model.eval()
        with torch.no_grad():
            pred = model(x, graph).argmax(1)
        train_acc = (pred[train_idx] == y[train_idx]).float().mean().item()
        val_acc = (pred[val_idx] == y[val_idx]).float().mean().item()
        print(f"epoch {epoch} loss {loss.item():.4f} train acc {train_acc:.3f} val acc {val_acc:.3f}")

print(f"metric val_acc {val_acc:.4f}")
