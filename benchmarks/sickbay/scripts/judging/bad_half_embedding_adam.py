"""A half-precision embedding classifier with AdamW; rows that no batch uses turn to nan."""
# after github.com/afiaka87/glide-finetune/issues/5
import os
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(9)
V = 300


class Bag(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(V, 16)
        self.out = nn.Linear(16, 4)

    def forward(self, x):
        return self.out(self.emb(x).mean(1))


def batch(n):
    y = torch.randint(0, 4, (n,))
    x = torch.randint(0, V // 4, (n, 6)) * 4 + torch.where(torch.rand(n, 6) < 0.6, y[:, None], torch.randint(0, 4, (n, 6)))
    return x, y


model = Bag().to(torch.float16)
kwargs = {"eps": 1e-4} if "MENDED" in os.environ else {}
opt = torch.optim.AdamW(model.parameters(), lr=5e-3, **kwargs)
for step in range(300):
    x, y = batch(32)
    loss = F.cross_entropy(model(x).float(), y)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 60 == 0:
        print("step", step, "loss", loss.item())
x, y = batch(500)
print("final loss", F.cross_entropy(model(x).float(), y).item())
