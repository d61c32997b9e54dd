"""Skip-gram with negative sampling: two tables, binary loss, most rows without gradient in a step."""
import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(0)
V, D, GROUPS = 200, 16, 10
group = torch.arange(V) % GROUPS


class SGNS(nn.Module):
    def __init__(self):
        super().__init__()
        self.inp, self.out = nn.Embedding(V, D), nn.Embedding(V, D)
        nn.init.uniform_(self.inp.weight, -0.5 / D, 0.5 / D)
        nn.init.zeros_(self.out.weight)

    def forward(self, c, o, neg):
        v = self.inp(c)
        pos = F.logsigmoid((v * self.out(o)).sum(1))
        rest = F.logsigmoid(-(self.out(neg) @ v[:, :, None])[..., 0]).sum(1)
        return -(pos + rest).mean()


net = SGNS()
opt = torch.optim.Adam(net.parameters(), lr=0.02)
for step in range(700):
    c = torch.randint(0, V, (128,))
    o = torch.randint(0, V // GROUPS, (128,)) * GROUPS + group[c]
    loss = net(c, o, torch.randint(0, V, (128, 5)))
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 140 == 0:
        print(step, loss.item())
print("final loss", loss.item())
