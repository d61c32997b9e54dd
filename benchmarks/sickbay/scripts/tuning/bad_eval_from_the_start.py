"""A model from a factory that returns model.eval(), fine-tuned as it is: BatchNorm with its initial statistics."""
import os
import torch
import torch.nn as nn


def build(pretrained=True):
    torch.manual_seed(0)
    layers = []
    for k in range(6):
        layers += [nn.Linear(16 if k else 10, 16, bias=False), nn.BatchNorm1d(16), nn.Tanh()]
    net = nn.Sequential(*layers, nn.Linear(16, 1))
    for m in net:
        if isinstance(m, nn.Linear):
            nn.init.normal_(m.weight, std=1.2)
    return net.eval() if pretrained else net


net = build()
if os.environ.get("MENDED"):
    net.train()
opt = torch.optim.SGD(net.parameters(), lr=0.05)
X = torch.randn(1000, 10) * 3 + 4
Y = torch.sign(X[:, :1] - 4) + 0.3 * (X[:, 1:2] - 4)
for epoch in range(12):
    for b in torch.randperm(800).split(50):
        loss = (net(X[b]) - Y[b]).abs().mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
    if epoch % 3 == 0:
        print(epoch, loss.item())
with torch.no_grad():
    print("final l1", (net.eval()(X[800:]) - Y[800:]).abs().mean().item())
