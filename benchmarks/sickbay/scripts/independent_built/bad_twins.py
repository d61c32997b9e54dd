"""The pairs carry 1 for 'same person', the contrastive loss reads 1 as 'different': same pairs are pushed apart and different ones pulled together."""
# verification AUC 0.532 with it, 0.999 without
# after https://github.com/keras-team/keras/issues/16935 and https://github.com/Kadenze/siamese_net/issues/7
import random

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset

torch.manual_seed(12)
random.seed(12)
PEOPLE, DIM = 60, 64
basis = torch.randn(PEOPLE, 12)
mix = torch.randn(12, DIM)
nuisance = torch.randn(20, DIM)


def photo(person):
    return torch.tanh(basis[person] @ mix / 4 + torch.randn(20) @ nuisance / 6) + 0.1 * torch.randn(DIM)


class PairDataset(Dataset):
    def __init__(self, people, n):
        self.pairs = []
        for i in range(n):
            a = random.choice(people)
            same = i % 2 == 0
            b = a if same else random.choice([q for q in people if q != a])
            self.pairs.append((photo(a), photo(b), torch.tensor(float(same))))

    def __len__(self):
        return len(self.pairs)

    def __getitem__(self, i):
        return self.pairs[i]


class ContrastiveLoss(nn.Module):
    def __init__(self, margin=1.5):
        super().__init__()
        self.margin = margin

    def forward(self, out1, out2, label):
        d = F.pairwise_distance(out1, out2)
        return torch.mean((1 - label) * d.pow(2) + label * torch.clamp(self.margin - d, min=0.0).pow(2))


class SiameseNetwork(nn.Module):
    def __init__(self):
        super().__init__()
        self.tower = nn.Sequential(nn.Linear(DIM, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 16))

    def forward(self, a, b):
        return self.tower(a), self.tower(b)


train_loader = DataLoader(PairDataset(list(range(45)), 4000), batch_size=32, shuffle=True)
test_pairs = PairDataset(list(range(60)), 1200)
a_test, b_test, s_test = (torch.stack(t) for t in zip(*test_pairs.pairs))


def verification_auc(net):
    net.eval()
    with torch.no_grad():
        d = F.pairwise_distance(*net(a_test, b_test))
    pos, neg = d[s_test == 1], d[s_test == 0]
    return (pos[:, None] < neg[None]).float().mean().item()


net = SiameseNetwork()
criterion = ContrastiveLoss()
optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
print("before training auc", verification_auc(net))
for epoch in range(12):
    net.train()
    total = 0.0
    for a, b, label in train_loader:
        optimizer.zero_grad()
        loss = criterion(*net(a, b), label)
        loss.backward()
        optimizer.step()
        total += loss.item()
    print(f"epoch {epoch} loss {total / len(train_loader):.4f} auc {verification_auc(net):.4f}")
print("final auc", verification_auc(net))
