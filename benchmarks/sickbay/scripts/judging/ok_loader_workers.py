"""A DataLoader with two worker processes and a worker_init_fn."""
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset


class Noisy(Dataset):
    def __init__(self):
        g = torch.Generator().manual_seed(0)
        self.x = torch.randn(640, 10, generator=g)
        self.y = (self.x[:, 0] + self.x[:, 1] > 0).long()

    def __len__(self):
        return 640

    def __getitem__(self, i):
        return self.x[i] + 0.1 * torch.randn(10), self.y[i]


def seed(worker):
    torch.manual_seed(1000 + worker)


def main():
    torch.manual_seed(0)
    loader = DataLoader(Noisy(), batch_size=32, shuffle=True, num_workers=2, worker_init_fn=seed, persistent_workers=True)
    net = nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Linear(32, 2))
    opt = torch.optim.Adam(net.parameters(), lr=5e-3)
    for epoch in range(10):
        for x, y in loader:
            loss = nn.functional.cross_entropy(net(x), y)
            opt.zero_grad()
            loss.backward()
            opt.step()
        print(epoch, loss.item())
    print("final loss", loss.item())


if __name__ == "__main__":
    main()
