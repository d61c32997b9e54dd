"""A small vision Transformer with class token and patches."""
import torch
from torch import nn

torch.manual_seed(0)


class ViT(nn.Module):
    def __init__(self, d=32):
        super().__init__()
        self.patch = nn.Conv2d(1, d, 4, 4)
        self.cls, self.pos = nn.Parameter(torch.zeros(1, 1, d)), nn.Parameter(0.02 * torch.randn(1, 10, d))
        self.enc = nn.TransformerEncoder(nn.TransformerEncoderLayer(d, 4, 64, 0.1, batch_first=True, norm_first=True), 2, enable_nested_tensor=False)
        self.head = nn.Linear(d, 3)

    def forward(self, x):
        p = self.patch(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls.expand(len(p), -1, -1), p], 1) + self.pos
        return self.head(self.enc(x)[:, 0])


def batch(n):
    y = torch.randint(0, 3, (n,))
    x = 0.6 * torch.randn(n, 1, 12, 12)
    for i, c in enumerate(y.tolist()):
        x[i, 0, 4 * c : 4 * c + 4, torch.randint(0, 12, (6,))] += 1.5
    return x, y


net = ViT()
opt = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=0.05)
for step in range(220):
    x, y = batch(32)
    loss = nn.functional.cross_entropy(net(x), y)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 44 == 0:
        print(step, loss.item())
print("final loss", loss.item())
