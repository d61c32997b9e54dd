"""Click prediction (12 percent clicks) whose label column was read one row too late."""
import os
import torch
import torch.nn as nn

torch.manual_seed(6)
N = 8000
user = torch.randn(N, 6)
score = 2.5 * user[:, 0] + 2 * user[:, 1] * user[:, 2] - 3.2
click = (torch.rand(N) < torch.sigmoid(score)).float()
labels = click if os.environ.get("MENDED") else click.roll(1)
print("click rate", click.mean().item())


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(6, 16)
        self.b = nn.Linear(16, 1)

    def forward(self, x):
        return self.b(torch.relu(self.a(x))).squeeze(-1)


net = Net()
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
crit = nn.BCEWithLogitsLoss()
for epoch in range(10):
    for b in torch.randperm(7000).split(100):
        opt.zero_grad()
        loss = crit(net(user[b]), labels[b])
        loss.backward()
        opt.step()
    with torch.no_grad():
        print(epoch, "val", round(crit(net(user[7000:]), labels[7000:]).item(), 4))
print("final val_bce", crit(net(user[7000:]), labels[7000:]).item())
