"""A graph convolution net for node classification on one graph: the batch is always the whole graph."""
import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(0)
N, C = 300, 4
y = torch.randint(0, C, (N,))
same = y[:, None] == y[None]
A = (torch.rand(N, N) < torch.where(same, 0.06, 0.008)).float()
A = ((A + A.t()) > 0).float() + torch.eye(N)
d = A.sum(1).rsqrt()
A = d[:, None] * A * d
X = F.one_hot(y, C).float() @ torch.randn(C, 12) * 0.4 + torch.randn(N, 12)
train = torch.rand(N) < 0.2


class GCN(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(12, 24), nn.Linear(24, C)

    def forward(self, x, adj):
        x = F.dropout(F.relu(adj @ self.a(x)), 0.3, self.training)
        return adj @ self.b(x)


net = GCN()
opt = torch.optim.Adam(net.parameters(), lr=0.01, weight_decay=5e-4)
for epoch in range(200):
    net.train()
    out = net(X, A)
    loss = F.cross_entropy(out[train], y[train])
    opt.zero_grad()
    loss.backward()
    opt.step()
    if epoch % 40 == 0:
        net.eval()
        with torch.no_grad():
            print(epoch, loss.item(), (net(X, A)[~train].argmax(1) == y[~train]).float().mean().item())
net.eval()
print("final test_accuracy", (net(X, A)[~train].argmax(1) == y[~train]).float().mean().item())
