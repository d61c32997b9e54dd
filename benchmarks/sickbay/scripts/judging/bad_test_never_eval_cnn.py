"""A CNN tested after each epoch under inference_mode, but in training mode."""
import os
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(1)


def rings(n):
    y = torch.randint(0, 3, (n,))
    g = torch.stack(torch.meshgrid(torch.linspace(-1, 1, 14), torch.linspace(-1, 1, 14), indexing="ij"))
    r = (g - 0.2 * torch.randn(n, 2, 1, 1)).norm(dim=1)
    return torch.sin(r * (4 + 4 * y[:, None, None]))[:, None] + 0.8 * torch.randn(n, 1, 14, 14), y


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.bn = nn.Conv2d(1, 12, 3), nn.BatchNorm2d(12)
        self.drop = nn.Dropout2d(0.5)
        self.conv2, self.fc = nn.Conv2d(12, 16, 3), nn.Linear(16, 3)

    def forward(self, x):
        x = self.drop(F.relu(self.bn(self.conv1(x))))
        return self.fc(F.relu(self.conv2(x)).mean((2, 3)))


net = Net()
opt = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
Xt, Yt = rings(240)
for epoch in range(8):
    net.train()
    for _ in range(25):
        x, y = rings(40)
        loss = F.cross_entropy(net(x), y)
        opt.zero_grad()
        loss.backward()
        opt.step()
    with torch.inference_mode():
        if os.environ.get("MENDED"):
            net.eval()
        test = sum(F.cross_entropy(net(x), y).item() for x, y in zip(Xt.split(40), Yt.split(40), strict=True)) / 6
    print("epoch", epoch, "test loss", round(test, 4))
print("final test_loss", test)
