"""Audio: tell 6 instruments apart from their log spectrogram."""
import numpy as np
import torch
from torch import nn, optim
from torch.utils.data import Dataset, DataLoader

SR, DUR = 4000, 0.5


class Instruments(Dataset):
    def __init__(self, n, seed):
        rs = np.random.RandomState(seed)
        t = np.arange(int(SR * DUR)) / SR
        amps = np.random.RandomState(99).dirichlet(np.ones(6), 6)
        self.items = []
        for _ in range(n):
            c = rs.randint(6)
            f0 = rs.uniform(120, 300)
            w = sum(amps[c, k] * np.sin(2 * np.pi * f0 * (k + 1) * t + rs.rand() * 6.28) for k in range(6))
            w = w + 0.05 * rs.randn(len(t))
            self.items.append((torch.tensor(w, dtype=torch.float32), c))

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        w, c = self.items[i]
        s = torch.stft(w, 128, 64, window=torch.hann_window(128), return_complex=True).abs()
        return torch.log(s + 1e-3), c


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.c = nn.Sequential(nn.Conv1d(65, 48, 3, padding=1), nn.BatchNorm1d(48), nn.ReLU(),
                               nn.Conv1d(48, 48, 3, padding=1), nn.BatchNorm1d(48), nn.ReLU())
        self.f = nn.Linear(48, 6)

    def forward(self, s):
        return self.f(self.c(s).mean(-1))


def run():
    torch.manual_seed(0)
    tr = DataLoader(Instruments(1200, 1), batch_size=32, shuffle=True)
    te = DataLoader(Instruments(300, 2), batch_size=100)
    net = Net()
    optimizer = optim.SGD(net.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-4)
    scheduler = optim.lr_scheduler.StepLR(optimizer, step_size=4, gamma=0.3)
    ce = nn.CrossEntropyLoss()
    for epoch in range(12):
        net.train()
        losses = []
        for spec, lab in tr:
            optimizer.zero_grad()
            loss = ce(net(spec), lab)
            loss.backward()
            optimizer.step()
            scheduler.step()
            losses.append(loss.item())
        net.eval()
        good = 0
        with torch.no_grad():
            for spec, lab in te:
                good += (net(spec).argmax(-1) == lab).sum().item()
        print("epoch", epoch, "loss", round(float(np.mean(losses)), 4), "test acc", good / 300)


run()
