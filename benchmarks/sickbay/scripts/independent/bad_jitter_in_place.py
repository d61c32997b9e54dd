"""The augmentation in __getitem__ works in place on the stored array: noise and shifts pile up, epoch after epoch."""
# accuracy 0.75 with it, 1.00 without
# after github.com/facebookresearch/pycls/pull/21
import os
import random
import torch
from torch import nn
from torch.utils.data import Dataset, DataLoader

torch.manual_seed(9)
random.seed(9)


class Gestures(Dataset):
    def __init__(self, signals, labels, augment=False):
        self.signals = signals
        self.labels = labels
        self.augment = augment

    def __len__(self):
        return len(self.labels)

    def _jitter(self, sig):
        sig += 0.35 * torch.randn_like(sig)
        sig *= random.uniform(0.8, 1.2)
        if random.random() < 0.5:
            sig[random.randrange(3)] = 0
        return sig

    def __getitem__(self, index):
        sig = self.signals[index]
        if self.augment:
            if os.environ.get("MENDED"):
                sig = sig.clone()
            sig = self._jitter(sig)
        return sig, self.labels[index]


torch.manual_seed(10)
proto = torch.randn(7, 3, 30).cumsum(-1) * 0.25


def make(n):
    y = torch.randint(7, (n,))
    return proto[y] + 0.5 * torch.randn(n, 3, 30), y


train_set = Gestures(*make(1000), augment=True)
test_set = Gestures(*make(700))
loader = DataLoader(train_set, batch_size=32, shuffle=True)
test_loader = DataLoader(test_set, batch_size=350)

model = nn.Sequential(nn.Conv1d(3, 16, 5), nn.ReLU(), nn.MaxPool1d(2), nn.Conv1d(16, 16, 5), nn.ReLU(), nn.Flatten(), nn.Linear(16 * 9, 7))
opt = torch.optim.Adam(model.parameters(), lr=5e-4)
for epoch in range(40):
    model.train()
    tot = 0
    for x, y in loader:
        loss = nn.functional.cross_entropy(model(x), y)
        opt.zero_grad()
        loss.backward()
        opt.step()
        tot += loss.item()
    model.eval()
    with torch.no_grad():
        acc = sum((model(x).argmax(1) == y).float().sum().item() for x, y in test_loader) / 700
    if epoch % 4 == 3:
        print("epoch", epoch + 1, "train loss", round(tot / len(loader), 4), "test acc", round(acc, 4))
print("final accuracy", acc)
