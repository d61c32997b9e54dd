"""Recognise the activity from accelerometer windows with an LSTM."""
import os
import torch
import torch.nn as nn

MENDED = bool(os.environ.get("MENDED"))


class Windows(torch.utils.data.Dataset):
    def __init__(self, n, seed):
        g = torch.Generator().manual_seed(seed)
        self.y = torch.randint(0, 4, (n,), generator=g)
        t = torch.arange(40).float()
        f = torch.tensor([0.25, 0.45, 0.7, 1.0])[self.y][:, None]
        ph = torch.rand(n, 1, generator=g) * 6.28
        base = torch.stack([(f * t + ph).sin(), (f * t + ph).cos(), (2 * f * t + ph).sin()], 2)
        self.x = base + 0.3 * torch.randn(n, 40, 3, generator=g)

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        return self.x[i], self.y[i]


class GaitLSTM(nn.Module):
    def __init__(self, n_features=3, hidden=48, n_classes=4):
        super().__init__()
        self.lstm = nn.LSTM(n_features, hidden, num_layers=1, batch_first=MENDED)
        self.classifier = nn.Linear(hidden, n_classes)

    def forward(self, x):
        # x: (batch, time, features)
        out, _ = self.lstm(x)
        return self.classifier(out[:, -1, :])


def accuracy(model, loader):
    model.eval()
    hit = n = 0
    with torch.no_grad():
        for x, y in loader:
            hit += (model(x).argmax(1) == y).sum().item()
            n += len(y)
    return hit / n


if __name__ == "__main__":
    torch.manual_seed(0)
    train = torch.utils.data.DataLoader(Windows(1200, 0), batch_size=40, shuffle=True)
    val = torch.utils.data.DataLoader(Windows(400, 1), batch_size=40)
    model = GaitLSTM()
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for epoch in range(15):
        model.train()
        epoch_loss = 0
        for x, y in train:
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
            epoch_loss += loss.item()
        acc = accuracy(model, val)
        print(f"Epoch {epoch + 1}/15 - loss: {epoch_loss / len(train):.4f} - val_acc: {acc:.4f}")
    print("metric val_acc", acc)
