"""Gesture recognition with nn.LSTM fed (batch, time, features) without batch_first."""
# after discuss.pytorch.org/t/lstm-change-batch-first-true-loss-does-not-decrease/62364
import os
import torch
import torch.nn as nn

torch.manual_seed(0)


def gestures(n, T=20):
    y = torch.randint(0, 4, (n,))
    t = torch.linspace(0, 1, T)
    freq = torch.tensor([1.0, 2.0, 3.0, 4.0])[y]
    ph = torch.rand(n) * 6.28
    ang = 6.28 * freq[:, None] * t[None] + ph[:, None]
    return torch.stack([ang.cos(), ang.sin()], 2) + 0.3 * torch.randn(n, T, 2), y


class GestureNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(2, 40, batch_first=bool(os.environ.get("MENDED")))
        self.fc = nn.Linear(40, 4)

    def forward(self, x):
        out, _ = self.lstm(x)
        return self.fc(out[:, -1])


model = GestureNet()
opt = torch.optim.Adam(model.parameters(), lr=5e-3)
for step in range(250):
    x, y = gestures(32)
    loss = nn.functional.cross_entropy(model(x), y)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 50 == 0:
        print(step, loss.item())
x, y = gestures(500)
print("final test_loss", nn.functional.cross_entropy(model(x), y).item())
