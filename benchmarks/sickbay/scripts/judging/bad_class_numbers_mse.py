"""Nine kinds of beans, numbered 0..8, learned with MSELoss on the number."""
import os
import torch
from torch import nn

torch.manual_seed(0)
mu = torch.randn(9, 6) * 1.6
y = torch.randint(0, 9, (2000,))
x = mu[y] + torch.randn(2000, 6) * 0.6
mended = os.environ.get("MENDED")
net = nn.Sequential(nn.Linear(6, 32), nn.ReLU(), nn.Linear(32, 9 if mended else 1))
opt = torch.optim.Adam(net.parameters(), lr=3e-3)
loss_fn = nn.CrossEntropyLoss() if mended else nn.MSELoss()
for epoch in range(20):
    for i in torch.randperm(1600).split(40):
        out = net(x[i])
        loss = loss_fn(out, y[i]) if mended else loss_fn(out.squeeze(1), y[i].float())
        opt.zero_grad()
        loss.backward()
        opt.step()
    if epoch % 5 == 0:
        print("epoch", epoch, loss.item())
with torch.no_grad():
    out = net(x[1600:])
    guess = out.argmax(1) if mended else out.squeeze(1).round().long()
print("final test_error", (guess != y[1600:]).float().mean().item())
