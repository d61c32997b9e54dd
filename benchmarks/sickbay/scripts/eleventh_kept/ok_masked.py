"""Masked token modelling on a toy grammar."""
import torch
import torch.nn as nn

torch.manual_seed(11)
V, L, D, MASK = 20, 16, 48, 20
trans = torch.stack([torch.randperm(V)[:2] for _ in range(V)])


def sentences(n):
    s = torch.zeros(n, L, dtype=torch.long)
    s[:, 0] = torch.randint(0, V, (n,))
    for t in range(1, L):
        s[:, t] = trans[s[:, t - 1], (torch.rand(n) < .2).long()]
    return s


class MLM(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(V + 1, D)
        self.pos = nn.Parameter(torch.randn(L, D) * .1)
        self.conv = nn.ModuleList(nn.Conv1d(D, D, 3, padding=1) for _ in range(3))
        self.bias = nn.Parameter(torch.zeros(V + 1))
        nn.init.normal_(self.emb.weight, 0, .3)

    def forward(self, x):
        h = self.emb(x) + self.pos
        for c in self.conv:
            h = h + torch.relu(c(h.transpose(1, 2))).transpose(1, 2)
        return h @ self.emb.weight.T + self.bias


def corrupt(s):
    pick = torch.rand(s.shape) < .15
    return s.masked_fill(pick, MASK), s.masked_fill(~pick, -100)


xv, yv = corrupt(sentences(400))
net = MLM()
opt = torch.optim.AdamW(net.parameters(), lr=2e-3)
for i in range(501):
    x, y = corrupt(sentences(48))
    loss = nn.functional.cross_entropy(net(x).flatten(0, 1), y.flatten(), ignore_index=-100)
    opt.zero_grad(); loss.backward(); opt.step()
    if i % 100 == 0:
        with torch.no_grad():
            k = yv != -100
            acc = (net(xv).argmax(-1)[k] == yv[k]).float().mean().item()
        print(f"step {i} mlm loss {loss.item():.4f} masked acc {acc:.4f}")
print("metric masked_acc", round(acc, 4))
