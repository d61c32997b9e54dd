"""A sensor-window classifier whose forward already ends in a softmax before CrossEntropyLoss: flat loss, slow and poor learning."""
# accuracy 0.60 with it, 1.00 without
# after github.com/jindongwang/Deep-learning-activity-recognition/issues/10
import os

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(3)
N_CLASSES = 18
BATCH = 64


class HarNet(nn.Module):
    """conv net over 64 samples of a 6 axis IMU"""

    def __init__(self):
        super(HarNet, self).__init__()
        self.conv1 = nn.Conv1d(6, 24, kernel_size=5, padding=2)
        self.conv2 = nn.Conv1d(24, 32, kernel_size=5, padding=2)
        self.pool = nn.MaxPool1d(4)
        self.fc1 = nn.Linear(32 * 4, 64)
        self.fc2 = nn.Linear(64, N_CLASSES)

    def forward(self, x):
        x = self.pool(F.relu(self.conv1(x)))
        x = self.pool(F.relu(self.conv2(x)))
        x = x.view(x.size(0), -1)
        x = F.relu(self.fc1(x))
        x = self.fc2(x)
        if os.environ.get("MENDED"):
            return x
        return F.softmax(x, dim=1)


def fake_imu(n):
    t = torch.arange(64) / 64.0
    y = torch.randint(0, N_CLASSES, (n,))
    freq = 1.0 + (y % 6).float()
    amp = 0.5 + 0.5 * (y // 6).float()
    phase = torch.rand(n, 1, 1) * 6.28
    axis = torch.arange(6).view(1, 6, 1) * 0.4
    x = amp.view(-1, 1, 1) * torch.sin(6.28 * freq.view(-1, 1, 1) * t + phase + axis)
    return x + 0.25 * torch.randn(n, 6, 64), y


train_loader = DataLoader(TensorDataset(*fake_imu(3200)), batch_size=BATCH, shuffle=True)
test_loader = DataLoader(TensorDataset(*fake_imu(800)), batch_size=200)
model = HarNet()
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)

for epoch in range(15):
    model.train()
    total, correct, loss_sum = 0, 0, 0.0
    for sample, target in train_loader:
        output = model(sample)
        loss = criterion(output, target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        loss_sum += loss.item() * len(target)
        correct += (output.argmax(1) == target).sum().item()
        total += len(target)
    print("Epoch: [{}/15], loss: {:.4f}, train acc: {:.2f}%".format(epoch + 1, loss_sum / total, 100.0 * correct / total))

model.eval()
hit = 0
with torch.no_grad():
    for sample, target in test_loader:
        hit += (model(sample).argmax(1) == target).sum().item()
print("final accuracy", hit / 800)
