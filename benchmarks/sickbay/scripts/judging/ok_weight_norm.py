"""Weight-normalised layers (parametrisation g and v), regression."""
import torch
from torch import nn
from torch.nn.utils.parametrizations import weight_norm

torch.manual_seed(0)
net = nn.Sequential(weight_norm(nn.Linear(3, 48)), nn.Tanh(), weight_norm(nn.Linear(48, 48)), nn.Tanh(), weight_norm(nn.Linear(48, 1)))
opt = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
sched = torch.optim.lr_scheduler.StepLR(opt, step_size=6, gamma=0.5)
X = torch.rand(1000, 3) * 4 - 2
Y = torch.sin(X[:, :1] * 2) + X[:, 1:2] * X[:, 2:]
for epoch in range(24):
    for i in torch.randperm(1000).split(40):
        loss = nn.functional.mse_loss(net(X[i]), Y[i])
        opt.zero_grad()
        loss.backward()
        opt.step()
    sched.step()
    if epoch % 4 == 0:
        print(epoch, loss.item())
print("final mse", nn.functional.mse_loss(net(X), Y).item())
