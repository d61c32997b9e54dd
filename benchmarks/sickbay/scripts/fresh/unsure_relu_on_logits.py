"""A classifier whose forward ends in F.relu(self.fc2(x)), before CrossEntropyLoss."""
# after a common question on networks that stop at chance
import os
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(2)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(20, 64), nn.Linear(64, 5)

    def forward(self, x):
        x = F.relu(self.fc1(x))
        x = self.fc2(x)
        return x if os.environ.get("MENDED") else F.relu(x)


mu = torch.randn(5, 20)
y = torch.randint(0, 5, (1500,))
x = mu[y] + torch.randn(1500, 20)
net = Net()
opt = torch.optim.SGD(net.parameters(), lr=0.3, momentum=0.9)
criterion = nn.CrossEntropyLoss()
for epoch in range(10):
    for i in torch.randperm(1200).split(40):
        loss = criterion(net(x[i]), y[i])
        opt.zero_grad()
        loss.backward()
        opt.step()
    print(epoch, loss.item())
with torch.no_grad():
    print("final val_loss", criterion(net(x[1200:]), y[1200:]).item())
