"""optimizer.zero_grad() stands before the loop over the batches, so within an epoch every update takes the sum of all gradients so far."""
# validation MSE 0.34 with it, 0.03 without
# after https://github.com/pytorch/pytorch/issues/47175 and https://github.com/yastrebksv/TennisCourtDetector/issues/7
import math

import torch
from torch import nn
from torch.utils.data import Dataset, DataLoader


class LoadCurve(Dataset):
    """Hourly load of a small grid, window of 48 hours -> next 6 hours."""

    def __init__(self, start, length, past=48, future=6):
        g = torch.Generator().manual_seed(11 + start)
        t = torch.arange(start, start + length).float()
        day = torch.sin(2 * math.pi * t / 24) + 0.5 * torch.sin(4 * math.pi * t / 24 + 1.0)
        week = 0.6 * torch.sin(2 * math.pi * t / 168)
        self.y = day + week + 0.15 * torch.randn(length, generator=g)
        self.past, self.future = past, future

    def __len__(self):
        return len(self.y) - self.past - self.future

    def __getitem__(self, i):
        j = i + self.past
        return self.y[i:j].unsqueeze(0), self.y[j:j + self.future]


class ConvForecaster(nn.Module):
    def __init__(self, ch=24, future=6):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv1d(1, ch, 5, padding=2), nn.ReLU(),
            nn.Conv1d(ch, ch, 5, padding=2, stride=2), nn.ReLU(),
            nn.Conv1d(ch, ch, 5, padding=2, stride=2), nn.ReLU(),
        )
        self.out = nn.Linear(ch * 12, future)

    def forward(self, x):
        return self.out(self.features(x).flatten(1))


def train_one_epoch(model, loader, optimizer, loss_fn):
    model.train()
    running = 0.0
    optimizer.zero_grad()
    for past, future in loader:
        loss = loss_fn(model(past), future)
        loss.backward()
        optimizer.step()
        running += loss.item() * len(past)
    return running / len(loader.dataset)


@torch.no_grad()
def validate(model, loader, loss_fn):
    model.eval()
    return sum(loss_fn(model(p), f).item() * len(p) for p, f in loader) / len(loader.dataset)


def main():
    torch.manual_seed(0)
    train_dl = DataLoader(LoadCurve(0, 3000), batch_size=32, shuffle=True)
    val_dl = DataLoader(LoadCurve(3000, 800), batch_size=128)
    model = ConvForecaster()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    loss_fn = nn.MSELoss()
    for epoch in range(1, 13):
        tr = train_one_epoch(model, train_dl, optimizer, loss_fn)
        va = validate(model, val_dl, loss_fn)
        print(f"[{epoch:02d}] train mse {tr:.4f}  val mse {va:.4f}")
    print(f"final val mse {va:.4f}")


if __name__ == "__main__":
    main()
