"""The distance matrix is sqrt of squared sums with zeros on the diagonal; the gradient of sqrt at 0 is infinite times 0, so all weights are nan after one step."""
# val distance error nan with it, 0.166 without
# after https://github.com/open-mmlab/mmrotate/issues/205 and https://github.com/keras-team/keras/issues/9097
import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

torch.manual_seed(7)
rng = np.random.default_rng(7)


def fold(n_beads=12):
    """A short chain: each bead turns by an angle that its type prescribes."""
    kinds = rng.integers(0, 6, n_beads)
    heading = np.cumsum((kinds - 2.5) * 0.35)
    xy = np.cumsum(np.stack([np.cos(heading), np.sin(heading)], 1), 0)
    return kinds, xy + 0.03 * rng.normal(size=xy.shape)


class Chains(Dataset):
    def __init__(self, n):
        self.items = [fold() for _ in range(n)]

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        kinds, xy = self.items[i]
        return torch.as_tensor(kinds), torch.as_tensor(xy, dtype=torch.float32)


def distance_matrix(xy):
    diff = xy[:, :, None, :] - xy[:, None, :, :]
    return torch.sqrt((diff ** 2).sum(-1))


class Folder(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(6, 24)
        self.rnn = nn.GRU(24, 64, batch_first=True, bidirectional=True)
        self.xy = nn.Linear(128, 2)

    def forward(self, kinds):
        return self.xy(self.rnn(self.emb(kinds))[0]).cumsum(1)


train, val = DataLoader(Chains(3000), 32, shuffle=True), DataLoader(Chains(400), 200)
model = Folder()
optim = torch.optim.Adam(model.parameters(), lr=2e-3)
for epoch in range(8):
    model.train()
    for i, (kinds, xy) in enumerate(train):
        pred = distance_matrix(model(kinds))
        loss = ((pred - distance_matrix(xy)) ** 2).mean()
        optim.zero_grad()
        loss.backward()
        optim.step()
        if i % 47 == 0:
            print(f"epoch {epoch} it {i} loss {loss.item():.4f}")
    model.eval()
    with torch.no_grad():
        err = torch.cat([(distance_matrix(model(k)) - distance_matrix(xy)).abs().mean((1, 2)) for k, xy in val]).mean().item()
    print(f"epoch {epoch} val distance error {err:.4f}")
print("final val_distance_error", err)
