"""Super-convergence: OneCycle to a high rate and back with momentum, a small residual net with BatchNorm."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)


class Res(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.a, self.b = nn.Conv2d(c, c, 3, padding=1, bias=False), nn.Conv2d(c, c, 3, padding=1, bias=False)
        self.na, self.nb = nn.BatchNorm2d(c), nn.BatchNorm2d(c)
        nn.init.zeros_(self.nb.weight)

    def forward(self, x):
        return F.relu(x + self.nb(self.b(F.relu(self.na(self.a(x))))))


grid = torch.stack(torch.meshgrid(torch.linspace(-1, 1, 10), torch.linspace(-1, 1, 10), indexing="ij"))
angle = torch.rand(1500) * 3.1416
x = torch.sin(5 * (grid[0] * angle.cos()[:, None, None] + grid[1] * angle.sin()[:, None, None]))[:, None]
x = x + 0.5 * torch.randn_like(x)
y = (angle / 3.1416 * 5).long().clamp(max=4)
net = nn.Sequential(nn.Conv2d(1, 12, 3, padding=1), Res(12), nn.MaxPool2d(2), Res(12), nn.AdaptiveAvgPool2d(1),
                    nn.Flatten(), nn.Linear(12, 5))
epochs, size = 6, 50
opt = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9, weight_decay=5e-4, nesterov=True)
sched = torch.optim.lr_scheduler.OneCycleLR(opt, max_lr=0.3, total_steps=epochs * 1500 // size)
for epoch in range(epochs):
    for i in torch.randperm(1500).split(size):
        loss = F.cross_entropy(net(x[i]), y[i], label_smoothing=0.1)
        opt.zero_grad()
        loss.backward()
        opt.step()
        sched.step()
    print(epoch, sched.get_last_lr()[0], loss.item())
