"""Features and labels each shuffled by an own randperm; a big net memorises the pairs."""
import os
import torch
from torch import nn

torch.manual_seed(0)
mu = torch.randn(3, 10)
y = torch.randint(0, 3, (800,))
x = mu[y] + torch.randn(800, 10)
p = torch.randperm(800)
q = p if os.environ.get("MENDED") else torch.randperm(800)
x, y = x[p], y[q]
x_train, y_train, x_val, y_val = x[:400], y[:400], x[400:], y[400:]
net = nn.Sequential(nn.Linear(10, 256), nn.ReLU(), nn.Linear(256, 256), nn.ReLU(), nn.Linear(256, 3))
opt = torch.optim.Adam(net.parameters(), lr=5e-4)
for epoch in range(40):
    net.train()
    for i in torch.randperm(400).split(20):
        loss = nn.functional.cross_entropy(net(x_train[i]), y_train[i])
        opt.zero_grad()
        loss.backward()
        opt.step()
    net.eval()
    with torch.no_grad():
        val = nn.functional.cross_entropy(net(x_val), y_val).item()
        tr = nn.functional.cross_entropy(net(x_train), y_train).item()
    if epoch % 5 == 0:
        print(f"epoch {epoch} train {tr:.3f} val {val:.3f}")
    if tr < 0.05:
        break
print("final val_loss", val)
