"""F.dropout without training=self.training: model.eval() does not switch it off, val is noise."""
# after github.com/rixwew/pytorch-fm/issues/21 and github.com/pytorch/pytorch/issues/26338
import os

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2, self.fc3 = nn.Linear(12, 64), nn.Linear(64, 64), nn.Linear(64, 1)

    def forward(self, x):
        on = self.training if os.environ.get("MENDED") else True
        x = F.dropout(F.relu(self.fc1(x)), 0.4, training=on)
        x = F.dropout(F.relu(self.fc2(x)), 0.4, training=on)
        return self.fc3(x).squeeze(1)


x = torch.randn(1500, 12)
y = x[:, 0] * x[:, 1] + 2 * torch.sin(x[:, 2]) + x[:, 3]
model = Net()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
for epoch in range(25):
    model.train()
    for i in torch.randperm(1200).split(40):
        optimizer.zero_grad()
        loss = F.mse_loss(model(x[i]), y[i])
        loss.backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        val = F.mse_loss(model(x[1200:]), y[1200:]).item()
    if epoch % 5 == 4:
        print(epoch, loss.item(), val)
print("final val_loss", val)
