"""A denoising autoencoder with tied weights and masking noise."""
import torch
from torch import nn
import torch.nn.functional as F


class Tied(nn.Module):
    def __init__(self, n=30, h=16):
        super().__init__()
        self.W = nn.Parameter(torch.randn(h, n) / n**0.5)
        self.bh, self.bv = nn.Parameter(torch.zeros(h)), nn.Parameter(torch.zeros(n))

    def forward(self, x):
        return F.linear(torch.tanh(F.linear(x, self.W, self.bh)), self.W.t(), self.bv)


torch.manual_seed(0)
basis = torch.randn(5, 30)
data = torch.tanh(torch.randn(2000, 5) @ basis * 0.5)
net = Tied()
opt = torch.optim.SGD(net.parameters(), lr=0.3, momentum=0.9)
for step in range(900):
    x = data[torch.randint(0, 2000, (64,))]
    noisy = x * (torch.rand_like(x) > 0.3)
    loss = F.mse_loss(net(noisy), x)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 150 == 0:
        print(step, loss.item())
print("final mse", loss.item())
