"""Node classification on a citation network with a hand written 2-layer GCN.
Split by year: old papers are labelled, the newest ones are for validation."""
import os
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

MENDED = bool(os.environ.get("MENDED"))
np.random.seed(8); torch.manual_seed(8)

N, C, DIM = 1200, 5, 30
topic = np.random.randint(C, size=N)
edges = []
for i in range(20, N):
    same = np.flatnonzero(topic[:i] == topic[i])
    for _ in range(6):
        j = np.random.choice(same) if (np.random.rand() < 0.8 and len(same)) else np.random.randint(i)
        edges.append((i, j))
edge_index = torch.tensor(edges).t().contiguous()          # citing, cited
if MENDED:
    edge_index = torch.cat([edge_index, edge_index.flip(0)], dim=1)
x = torch.tensor(np.eye(C)[topic] @ np.random.randn(C, DIM) * 0.22 + np.random.randn(N, DIM), dtype=torch.float32)
y = torch.tensor(topic)
train_mask = torch.zeros(N, dtype=torch.bool); train_mask[:700] = True
val_mask = torch.zeros(N, dtype=torch.bool); val_mask[1000:] = True


class GCNLayer(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.lin = nn.Linear(i, o)

    def forward(self, h, ei):
        h = self.lin(h)
        loops = torch.arange(h.size(0))
        src, dst = torch.cat([ei[0], loops]), torch.cat([ei[1], loops])
        deg = torch.zeros(h.size(0)).index_add_(0, dst, torch.ones(len(dst)))
        return torch.zeros_like(h).index_add_(0, dst, h[src]) / deg[:, None]


class GCN(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1, self.c2 = GCNLayer(DIM, 32), GCNLayer(32, C)

    def forward(self, h, ei):
        h = F.dropout(F.relu(self.c1(h, ei)), 0.4, self.training)
        return self.c2(h, ei)


model = GCN()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01, weight_decay=5e-4)
for epoch in range(200):
    model.train()
    optimizer.zero_grad()
    out = model(x, edge_index)
    loss = F.cross_entropy(out[train_mask], y[train_mask])
    loss.backward()
    optimizer.step()
    if epoch % 20 == 19:
        model.eval()
        with torch.no_grad():
            hit = model(x, edge_index).argmax(1) == y
        tr, va = hit[train_mask].float().mean().item(), hit[val_mask].float().mean().item()
        print(f"Epoch: {epoch+1:03d}, Loss: {loss.item():.4f}, Train: {tr:.4f}, Val: {va:.4f}")
print(f"metric val_acc {va:.4f}")
