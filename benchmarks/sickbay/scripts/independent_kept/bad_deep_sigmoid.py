"""Seven hidden layers with sigmoids under default initialization: the gradient is gone before it reaches the first layers and the loss stays at ln(4)."""
# accuracy 0.27 (chance 0.25) with it, 0.89 without (ReLU)
# after https://taourl.com/read-2031103.html (a question "Why is my sigmoid layer blocking gradients")
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset


def rings(n):
    """Sensor pairs: four bands of radius, hidden in 10 noisy channels."""
    label = torch.randint(0, 4, (n,))
    r = 0.6 + label.float() + 0.2 * torch.randn(n)
    a = torch.rand(n) * 6.28318
    core = torch.stack([r * a.cos(), r * a.sin()], 1)
    mix = torch.randn(2, 10, generator=torch.Generator().manual_seed(99))
    return core @ mix / 2 + 0.05 * torch.randn(n, 10), label


class DeepMLP(nn.Module):
    def __init__(self, n_in=10, n_hidden=50, depth=7, n_out=4):
        super().__init__()
        sizes = [n_in] + [n_hidden] * depth
        layers = []
        for a, b in zip(sizes[:-1], sizes[1:]):
            layers.append(nn.Linear(a, b))
            layers.append(nn.Sigmoid())
        layers.append(nn.Linear(n_hidden, n_out))
        self.net = nn.Sequential(*layers)

    def forward(self, x):
        return self.net(x)


def accuracy(model, x, y):
    with torch.no_grad():
        return (model(x).argmax(dim=1) == y).float().mean().item()


torch.manual_seed(0)
x_train, y_train = rings(4000)
x_test, y_test = rings(1000)
mean, std = x_train.mean(0), x_train.std(0)
x_train, x_test = (x_train - mean) / std, (x_test - mean) / std

model = DeepMLP()
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
criterion = nn.CrossEntropyLoss()
loader = DataLoader(TensorDataset(x_train, y_train), batch_size=50, shuffle=True)

for epoch in range(30):
    for x, y in loader:
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
    if (epoch + 1) % 5 == 0:
        print("Epoch [{}/30], Loss: {:.4f}, Test: {:.3f}".format(epoch + 1, loss.item(), accuracy(model, x_test, y_test)))

print("test accuracy:", accuracy(model, x_test, y_test))
