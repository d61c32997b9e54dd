"""Mixed precision on CPU: autocast to bfloat16, weights in float32."""
import torch
from torch import nn

torch.manual_seed(0)
X = torch.randn(2000, 1, 12, 12)
X[:, 0, :6] += (torch.arange(2000) % 3).float()[:, None, None] * 0.5
Y = torch.arange(2000) % 3
net = nn.Sequential(nn.Conv2d(1, 8, 3, stride=2), nn.ReLU(), nn.Conv2d(8, 16, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 3))
opt = torch.optim.AdamW(net.parameters(), lr=2e-3)
for epoch in range(4):
    for i in torch.randperm(1600).split(40):
        opt.zero_grad()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = nn.functional.cross_entropy(net(X[i]), Y[i])
        loss.backward()
        opt.step()
    print(epoch, loss.item())
with torch.no_grad():
    print("final val_loss", nn.functional.cross_entropy(net(X[1600:]), Y[1600:]).item())
