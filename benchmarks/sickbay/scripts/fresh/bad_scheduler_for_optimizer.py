"""Only the scheduler is stepped, in the belief that it steps the optimizer that it wraps."""
# after github.com/pytorch/pytorch/issues/3814
import os
import warnings
import torch
import torch.nn as nn
import torch.nn.functional as F

warnings.simplefilter("ignore")
torch.manual_seed(0)
x = torch.randn(900, 12)
y = (x[:, :3].sum(1) * x[:, 3] > 0).long()
net = nn.Sequential(nn.Linear(12, 64), nn.ReLU(), nn.Linear(64, 2))
optimizer = torch.optim.SGD(net.parameters(), lr=0.3, momentum=0.9)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=5, gamma=0.7)
for epoch in range(15):
    for i in torch.randperm(700).split(35):
        optimizer.zero_grad()
        loss = F.cross_entropy(net(x[i]), y[i])
        loss.backward()
        if os.environ.get("MENDED"):
            optimizer.step()
    scheduler.step()
    print(epoch, loss.item())
with torch.no_grad():
    print("final val_loss", F.cross_entropy(net(x[700:]), y[700:]).item())
