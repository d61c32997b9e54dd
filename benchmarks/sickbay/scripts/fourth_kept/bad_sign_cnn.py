# Traffic sign style classifier, plain deep CNN
import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import Dataset, DataLoader


class Signs(Dataset):
    """10 classes: colour of the disc x shape of the symbol"""
    COLOURS = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 0, 1]], dtype=np.float32)

    def __init__(self, n, seed):
        r = np.random.RandomState(seed)
        self.y = r.randint(0, 10, n)
        yy, xx = np.mgrid[:24, :24]
        self.x = np.zeros((n, 3, 24, 24), np.float32)
        for i, c in enumerate(self.y):
            cy, cx, rad = r.randint(9, 15), r.randint(9, 15), r.randint(6, 9)
            disc = (yy - cy) ** 2 + (xx - cx) ** 2 < rad ** 2
            bar = (np.abs(yy - cy) < 2) if c % 2 else (np.abs(xx - cx) < 2)
            img = disc[None] * self.COLOURS[c // 2][:, None, None]
            img = np.where((disc & bar)[None], 0.0, img)
            self.x[i] = img + r.normal(0, 0.3, (3, 24, 24))
        self.x = (self.x - self.x.mean()) / self.x.std()

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        return self.x[i], int(self.y[i])


def conv(i, o):
    return [nn.Conv2d(i, o, 3, padding=1), nn.ReLU()]


class SignNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(*conv(3, 16), nn.MaxPool2d(2), *conv(16, 32), nn.MaxPool2d(2), *conv(32, 32), nn.MaxPool2d(2))
        self.head = nn.Sequential(nn.Flatten(), nn.Linear(288, 64), nn.ReLU(), nn.Linear(64, 10))

    def forward(self, x):
        return self.head(self.body(x))


def epoch_pass(net, loader, loss_fn, opt=None):
    net.train(opt is not None)
    tot, hit, n = 0.0, 0, 0
    with torch.set_grad_enabled(opt is not None):
        for x, y in loader:
            out = net(x)
            loss = loss_fn(out, y)
            if opt is not None:
                opt.zero_grad(set_to_none=True)
                loss.backward()
                opt.step()
            tot += loss.item() * len(y); hit += (out.argmax(1) == y).sum().item(); n += len(y)
    return tot / n, hit / n


if __name__ == "__main__":
    torch.manual_seed(17)
    tr = DataLoader(Signs(1600, 0), batch_size=32, shuffle=True)
    va = DataLoader(Signs(400, 1), batch_size=200)
    net = SignNet()
    opt = torch.optim.Adam(net.parameters(), lr=0.05)
    for e in range(10):
        t = epoch_pass(net, tr, nn.CrossEntropyLoss(), opt)
        v = epoch_pass(net, va, nn.CrossEntropyLoss())
        print("epoch %d  train %.4f / %.3f   val %.4f / %.3f" % (e, *t, *v))
