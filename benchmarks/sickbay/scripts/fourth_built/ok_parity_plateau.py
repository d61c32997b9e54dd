"""Sparse parity: label is the xor of 4 hidden bits out of 30. One long flat stretch, then it clicks."""
import torch
import torch.nn as nn

torch.manual_seed(4)
N_BITS, SECRET = 30, (3, 11, 20, 27)


def batch(n):
    x = torch.randint(0, 2, (n, N_BITS)).float() * 2 - 1
    y = (x[:, SECRET].prod(1) > 0).float()
    return x, y


class Net(nn.Module):
    def __init__(self, width=256):
        super().__init__()
        self.hidden = nn.Linear(N_BITS, width)
        self.out = nn.Linear(width, 1)

    def forward(self, x):
        return self.out(torch.relu(self.hidden(x)))


model = Net()
opt = torch.optim.SGD(model.parameters(), lr=0.05)
bce = nn.BCEWithLogitsLoss()
x_val, y_val = batch(2000)

for step in range(1, 30001):
    x, y = batch(64)
    loss = bce(model(x).squeeze(1), y)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 500 == 0:
        with torch.no_grad():
            out = model(x_val).squeeze(1)
            v = bce(out, y_val).item()
            acc = ((out > 0) == (y_val > 0.5)).float().mean().item()
        print(f"step {step:5d} train {loss.item():.4f} val {v:.4f} acc {acc:.3f}")
        if acc > 0.995:
            print("solved")
            break

with torch.no_grad():
    x, y = batch(4000)
    final = ((model(x).squeeze(1) > 0) == (y > 0.5)).float().mean().item()
print(f"fresh test accuracy {final:.3f}")
