"""Forecast of a noisy seasonal series by an LSTM in time order, no shuffling across the split."""
import torch
from torch import nn

torch.manual_seed(0)
t = torch.arange(900).float()
s = torch.sin(t * 0.26) + 0.5 * torch.sin(t * 0.07) + 0.2 * torch.randn(900)
W = 24
X = torch.stack([s[i : i + W] for i in range(900 - W)])[..., None]
Y = torch.stack([s[i + W] for i in range(900 - W)])[:, None]


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm, self.fc = nn.LSTM(1, 24, batch_first=True), nn.Linear(24, 1)

    def forward(self, x):
        return self.fc(self.lstm(x)[0][:, -1])


net = Net()
opt = torch.optim.Adam(net.parameters(), lr=8e-3)
for epoch in range(14):
    for a in range(0, 700, 50):
        loss = nn.functional.mse_loss(net(X[a : a + 50]), Y[a : a + 50])
        opt.zero_grad()
        loss.backward()
        opt.step()
    if epoch % 3 == 0:
        with torch.no_grad():
            print(epoch, loss.item(), nn.functional.mse_loss(net(X[700:]), Y[700:]).item())
print("final val_mse", nn.functional.mse_loss(net(X[700:]), Y[700:]).item())
