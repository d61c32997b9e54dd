"""A digit-like classifier trained with NLLLoss on the raw scores of its last layer."""
# after docs of NLLLoss and many forum threads: "my loss is negative and keeps falling"
import os
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

MENDED = os.environ.get("MENDED") == "1"
torch.manual_seed(0)
centres = torch.randn(6, 20) * 0.6
y = torch.randint(0, 6, (1800,))
x = centres[y] + torch.randn(1800, 20)
train = DataLoader(TensorDataset(x[:1500], y[:1500]), batch_size=50, shuffle=True)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(20, 48)
        self.fc2 = nn.Linear(48, 6)

    def forward(self, x):
        x = self.fc2(torch.relu(self.fc1(x)))
        return torch.log_softmax(x, dim=1) if MENDED else x


net = Net()
criterion = nn.NLLLoss()
opt = torch.optim.Adam(net.parameters(), lr=3e-3)
for epoch in range(10):
    for xb, yb in train:
        opt.zero_grad()
        loss = criterion(net(xb), yb)
        loss.backward()
        opt.step()
    print(f"epoch {epoch} loss {loss.item():.3f}")
with torch.no_grad():
    out = net(x[1500:])
    print(f"final val_cross_entropy {nn.functional.cross_entropy(out, y[1500:]).item():.4f}")
