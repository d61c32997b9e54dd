"""Neural collaborative filtering with implicit feedback: users, movies, four sampled negatives per positive."""
import os
import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

MENDED = os.environ.get("MENDED") == "1"
np.random.seed(2)
torch.manual_seed(2)
USERS, ITEMS = 300, 200
taste_u, taste_i = np.random.randn(USERS, 5), np.random.randn(ITEMS, 5)
score = taste_u @ taste_i.T + 0.3 * np.random.randn(USERS, ITEMS)
liked = score > np.quantile(score, 0.88, axis=1, keepdims=True)


def interactions(test=False):
    users, items, labels = [], [], []
    for u in range(USERS):
        pos = np.flatnonzero(liked[u])
        pos = pos[::5] if test else np.delete(pos, np.arange(0, len(pos), 5))
        neg = np.random.choice(np.flatnonzero(~liked[u]), 4 * len(pos))
        users += [u] * (len(pos) + len(neg))
        items += list(pos) + list(neg)
        labels += [1.0] * len(pos) + [0.0] * len(neg)
    return TensorDataset(torch.tensor(users), torch.tensor(items), torch.tensor(labels, dtype=torch.float32))


class NeuMF(nn.Module):
    def __init__(self, n_users, n_items, factors=16):
        super().__init__()
        self.user_gmf, self.item_gmf = nn.Embedding(n_users, factors), nn.Embedding(n_items, factors)
        self.user_mlp, self.item_mlp = nn.Embedding(n_users, factors), nn.Embedding(n_items, factors)
        for emb in (self.user_gmf, self.item_gmf, self.user_mlp, self.item_mlp):
            nn.init.normal_(emb.weight, std=0.1)
        self.mlp = nn.Sequential(nn.Linear(2 * factors, 32), nn.ReLU(), nn.Linear(32, 16), nn.ReLU())
        self.predict_layer = nn.Linear(factors + 16, 1)

    def forward(self, user, item):
        gmf = self.user_gmf(user) * self.item_gmf(item)
        mlp = self.mlp(torch.cat([self.user_mlp(user), self.item_mlp(item)], -1))
        prediction = self.predict_layer(torch.cat([gmf, mlp], -1)).view(-1)
        if not MENDED:
            prediction = prediction.sigmoid()
        return prediction


train_loader = DataLoader(interactions(), batch_size=256, shuffle=True)
test_loader = DataLoader(interactions(test=True), batch_size=1000)
model = NeuMF(USERS, ITEMS)
criterion = nn.BCEWithLogitsLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3, weight_decay=1e-5)

for epoch in range(20):
    model.train()
    current_loss = 0.0
    for user, item, label in train_loader:
        model.zero_grad()
        loss = criterion(model(user, item), label)
        loss.backward()
        optimizer.step()
        current_loss += loss.item()
    model.eval()
    with torch.no_grad():
        test_loss = np.mean([criterion(model(u, i), y).item() for u, i, y in test_loader])
    print(f"[Epoch {epoch + 1:03d}] loss={current_loss / len(train_loader):.4f} test_loss {test_loss:.4f}")
