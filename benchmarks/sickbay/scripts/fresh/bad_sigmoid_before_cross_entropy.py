"""Twelve classes from an LSTM, with a sigmoid on the scores before CrossEntropyLoss."""
# after discuss.pytorch.org questions on a loss that stays near ln(number of classes)
import os
import torch
import torch.nn as nn

torch.manual_seed(0)


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm, self.fc = nn.LSTM(4, 48, batch_first=True), nn.Linear(48, 12)

    def forward(self, x):
        out = self.fc(self.lstm(x)[0][:, -1])
        return out if os.environ.get("MENDED") else torch.sigmoid(out)


x = torch.randn(1500, 8, 4)
y = (x[:, :, 0].sum(1) > 0).long() * 6 + (x[:, :, 1:].sum(1).argmax(1) * 2) + (x[:, -1, 0] > 0).long()
net, criterion = Tagger(), nn.CrossEntropyLoss()
opt = torch.optim.Adam(net.parameters(), lr=4e-3)
for epoch in range(14):
    for i in torch.randperm(1200).split(40):
        loss = criterion(net(x[i]), y[i])
        opt.zero_grad()
        loss.backward()
        opt.step()
    print(epoch, loss.item())
with torch.no_grad():
    print("final val_loss", criterion(net(x[1200:]), y[1200:]).item())
