"""A citation graph by two graph convolutions with dropout, full batch, few labelled nodes, early stopping by val."""
import copy
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
n, C = 400, 4
y = torch.randint(0, C, (n,))
same = y[:, None] == y[None]
A = (torch.rand(n, n) < torch.where(same, 0.04, 0.006)).float().triu(1)
A = A + A.T + torch.eye(n)
d = A.sum(1).rsqrt()
A = (d[:, None] * A * d[None]).to_sparse()
X = (torch.rand(n, 60) < 0.05 + 0.1 * (torch.arange(60)[None] % C == y[:, None])).float()
X = X / X.sum(1, keepdim=True).clamp(min=1)
order = torch.randperm(n)
train, val = order[:60], order[60:160]


class GCN(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(60, 32), nn.Linear(32, C)

    def forward(self, x):
        x = F.dropout(x, 0.5, self.training)
        h = F.relu(torch.sparse.mm(A, self.a(x)))
        return torch.sparse.mm(A, self.b(F.dropout(h, 0.5, self.training)))


net = GCN()
opt = torch.optim.Adam([{"params": net.a.parameters(), "weight_decay": 5e-4}, {"params": net.b.parameters()}], lr=0.01)
best, kept = 0.0, None
for epoch in range(200):
    net.train()
    loss = F.cross_entropy(net(X)[train], y[train])
    opt.zero_grad()
    loss.backward()
    opt.step()
    net.eval()
    with torch.no_grad():
        acc = (net(X)[val].argmax(1) == y[val]).float().mean().item()
    if acc > best:
        best, kept = acc, copy.deepcopy(net.state_dict())
    if epoch % 40 == 0:
        print(epoch, loss.item(), acc)
net.load_state_dict(kept)
print("best", best)
