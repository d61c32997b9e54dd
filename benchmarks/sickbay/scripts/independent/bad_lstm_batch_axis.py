"""An LSTM without batch_first gets (batch, time, features): it runs along the batch, and each window is read as one time step."""
# accuracy 0.25 (chance) with it, 1.00 without
# after discuss.pytorch.org/t/lstm-change-batch-first-true-loss-does-not-decrease/62364 and like questions
import math
import os
import torch
import torch.nn as nn
from torch.utils.data import TensorDataset, DataLoader

torch.manual_seed(7)
SEQ_LEN, HIDDEN = 24, 32


class LSTMClassifier(nn.Module):
    def __init__(self, input_dim, hidden_dim, layer_dim, output_dim):
        super().__init__()
        self.hidden_dim = hidden_dim
        self.layer_dim = layer_dim
        if os.environ.get("MENDED"):
            self.lstm = nn.LSTM(input_dim, hidden_dim, layer_dim, batch_first=True)
        else:
            self.lstm = nn.LSTM(input_dim, hidden_dim, layer_dim)
        self.fc = nn.Linear(hidden_dim, output_dim)

    def forward(self, x):
        out, (hn, cn) = self.lstm(x)
        # last time step
        out = self.fc(out[:, -1, :])
        return out


# machine vibration windows: which of 4 fault patterns
def windows(n):
    y = torch.randint(0, 4, (n,))
    t = torch.arange(SEQ_LEN).float()
    x = 0.4 * torch.randn(n, SEQ_LEN, 2)
    period = torch.tensor([4., 6., 9., 13.])[y].unsqueeze(1)
    shift = torch.rand(n, 1) * 2 * math.pi
    x[:, :, 0] += torch.sin(2 * math.pi * t / period + shift)
    x[:, :, 1] += torch.cos(2 * math.pi * t / period + shift)
    return x, y


x, y = windows(2400)
xv, yv = windows(480)
train_loader = DataLoader(TensorDataset(x, y), batch_size=24, shuffle=True, drop_last=True)
val_loader = DataLoader(TensorDataset(xv, yv), batch_size=24, drop_last=True)

model = LSTMClassifier(2, HIDDEN, 1, 4)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.003)

iteration = 0
for epoch in range(10):
    for xb, yb in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(xb), yb)
        loss.backward()
        optimizer.step()
        iteration += 1
        if iteration % 250 == 0:
            with torch.no_grad():
                right = sum((model(a).argmax(1) == b).sum().item() for a, b in val_loader)
            print('Iteration: {}. Loss: {:.4f}. Accuracy: {:.3f}'.format(iteration, loss.item(), right / 480))
print('final accuracy', right / 480)
