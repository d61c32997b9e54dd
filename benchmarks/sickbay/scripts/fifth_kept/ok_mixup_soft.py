"""Mixup and label smoothing with soft targets: the train loss stays high and above the test loss, the error falls."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(61)
CLASSES, S = 6, 14
PROTO = torch.randn(CLASSES, 1, S, S)


def images(n):
    y = torch.randint(0, CLASSES, (n,))
    x = torch.stack([torch.roll(PROTO[k], tuple(torch.randint(-2, 3, (2,)).tolist()), (1, 2)) for k in y.tolist()])
    return x + 1.2 * torch.randn(n, 1, S, S), y


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.c = nn.Sequential(nn.Conv2d(1, 16, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 32, 3, padding=1),
                               nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Dropout(0.2), nn.Linear(32 * 9, CLASSES))

    def forward(self, x):
        return self.c(x)


def mixup(x, y, beta):
    lam = beta.sample((len(x), 1))
    soft = F.one_hot(y, CLASSES).float() * 0.9 + 0.1 / CLASSES
    other = torch.randperm(len(x))
    return lam.view(-1, 1, 1, 1) * x + (1 - lam).view(-1, 1, 1, 1) * x[other], lam * soft + (1 - lam) * soft[other]


loader = DataLoader(TensorDataset(*images(2500)), batch_size=50, shuffle=True)
tx, ty = images(1000)
net = Net()
opt = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=0.02)
beta = torch.distributions.Beta(1.0, 1.0)
for epoch in range(20):
    net.train()
    total = 0.0
    for x, y in loader:
        xm, soft = mixup(x, y, beta)
        loss = -(soft * F.log_softmax(net(xm), 1)).sum(1).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
        total += loss.item()
    net.eval()
    with torch.no_grad():
        out = net(tx)
    print(f"epoch {epoch} mixed loss {total / len(loader):.4f} test loss {F.cross_entropy(out, ty):.4f} "
          f"test_error {(out.argmax(1) != ty).float().mean().item():.4f}")
