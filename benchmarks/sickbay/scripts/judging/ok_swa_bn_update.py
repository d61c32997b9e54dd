"""Stochastic weight averaging with SWALR and update_bn at the end (a forward pass in train mode, on purpose)."""
import torch
from torch import nn
from torch.optim.swa_utils import SWALR, AveragedModel, update_bn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(1)
X = torch.randn(1200, 8)
Y = torch.sin(X[:, :1] * 2) + X[:, 1:2]
train = DataLoader(TensorDataset(X[:1000], Y[:1000]), batch_size=50, shuffle=True)
net = nn.Sequential(nn.Linear(8, 48), nn.BatchNorm1d(48), nn.ReLU(), nn.Linear(48, 1))
swa = AveragedModel(net)
opt = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=15)
swa_sched = SWALR(opt, swa_lr=0.03, anneal_epochs=3)
for epoch in range(24):
    net.train()
    for x, y in train:
        opt.zero_grad()
        loss = nn.functional.mse_loss(net(x), y)
        loss.backward()
        opt.step()
    if epoch >= 15:
        swa.update_parameters(net)
        swa_sched.step()
    else:
        sched.step()
    if epoch % 6 == 0:
        print(epoch, loss.item())
update_bn(train, swa)
swa.eval()
with torch.no_grad():
    print("final val_mse", nn.functional.mse_loss(swa(X[1000:]), Y[1000:]).item())
