"""Node classification on a synthetic citation graph; graph convolution by hand with index_add."""
import os
import torch
import torch.nn as nn
import torch.nn.functional as F

MENDED = bool(os.environ.get("MENDED"))
torch.manual_seed(17)


def make_graph(n=1200, k=6, d=120, p_in=0.012, p_out=0.0012):
    y = torch.randint(0, k, (n,))
    same = y[:, None] == y[None, :]
    prob = torch.where(same, torch.tensor(p_in), torch.tensor(p_out))
    adj = torch.triu(torch.rand(n, n) < prob, diagonal=1)
    src, dst = adj.nonzero(as_tuple=True)
    edges = torch.stack([torch.cat([src, dst]), torch.cat([dst, src])])
    loops = torch.arange(n).repeat(2, 1)
    edges = torch.cat([edges, loops], dim=1)
    topic = (torch.rand(k, d) < 0.12).float()
    words = (torch.rand(n, d) < 0.03 + 0.10 * topic[y]).float()
    return words, y, edges


X, Y, E = make_graph()
N = len(Y)
perm = torch.randperm(N)
train_idx, val_idx = perm[:180], perm[180:]
deg = torch.zeros(N).index_add_(0, E[1], torch.ones(E.size(1)))
norm = (deg[E[0]] * deg[E[1]]).rsqrt().unsqueeze(1)


class GCNLayer(nn.Module):
    def __init__(self, d_in, d_out):
        super().__init__()
        self.lin = nn.Linear(d_in, d_out, bias=False)
        self.bias = nn.Parameter(torch.zeros(d_out))

    def forward(self, h):
        h = self.lin(h)
        out = torch.zeros_like(h).index_add(0, E[1], h[E[0]] * norm)
        return out + self.bias


class GCN(nn.Module):
    def __init__(self, d_in, d_hid, k, p=0.75):
        super().__init__()
        self.c1 = GCNLayer(d_in, d_hid)
        self.c2 = GCNLayer(d_hid, k)
        self.p = p

    def forward(self, x):
        on = self.training if MENDED else True
        x = F.dropout(x, self.p, training=on)
        x = F.relu(self.c1(x))
        x = F.dropout(x, self.p, training=on)
        return self.c2(x)


net = GCN(X.size(1), 24, 6)
opt = torch.optim.Adam(net.parameters(), lr=0.01, weight_decay=5e-4)

for epoch in range(200):
    net.train()
    opt.zero_grad()
    loss = F.cross_entropy(net(X)[train_idx], Y[train_idx])
    loss.backward()
    opt.step()
    if epoch % 25 == 24:
        net.eval()
        with torch.no_grad():
            pred = net(X).argmax(1)
        tr = (pred[train_idx] == Y[train_idx]).float().mean()
        va = (pred[val_idx] == Y[val_idx]).float().mean()
        print(f"epoch {epoch + 1:3d} loss {loss:.3f} train {tr:.3f} val {va:.3f}")
print(f"metric val_acc {va.item():.4f}")
