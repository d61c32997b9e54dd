"""MoCo: a momentum encoder and a queue of negatives that the model writes to in forward."""
import copy

import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(0)
centres = torch.randn(300, 24) * 1.2


class MoCo(nn.Module):
    def __init__(self, dim=16, K=512):
        super().__init__()
        self.q = nn.Sequential(nn.Linear(24, 64), nn.ReLU(), nn.Linear(64, dim))
        self.k = copy.deepcopy(self.q).requires_grad_(False)
        self.register_buffer("queue", F.normalize(torch.randn(dim, K), dim=0))
        self.register_buffer("ptr", torch.zeros(1, dtype=torch.long))

    def forward(self, a, b):
        q = F.normalize(self.q(a), dim=1)
        with torch.no_grad():
            for p, t in zip(self.q.parameters(), self.k.parameters(), strict=True):
                t.data = t.data * 0.99 + p.data * 0.01
            k = F.normalize(self.k(b), dim=1)
        logits = torch.cat([(q * k).sum(1, keepdim=True), q @ self.queue.clone().detach()], 1) / 0.1
        s = int(self.ptr)
        self.queue[:, s : s + len(k)] = k.T
        self.ptr[0] = (s + len(k)) % self.queue.size(1)
        return logits, torch.zeros(len(q), dtype=torch.long)


net = MoCo()
opt = torch.optim.SGD(net.q.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)
for step in range(600):
    x = centres[torch.randint(0, 300, (64,))] + 0.3 * torch.randn(64, 24)
    logits, target = net(x + 0.9 * torch.randn_like(x), x + 0.9 * torch.randn_like(x))
    loss = F.cross_entropy(logits, target)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 100 == 0:
        print(step, loss.item(), "first", (logits.argmax(1) == 0).float().mean().item())
print("final loss", loss.item())
