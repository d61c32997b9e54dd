"""Implicit feedback recommender (BPR) for a small web shop."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import Dataset, DataLoader

torch.manual_seed(77)
USERS, ITEMS, K = 300, 400, 16

# ground truth taste -> interactions
_u, _i = torch.randn(USERS, 4), torch.randn(ITEMS, 4)
_score = _u @ _i.t() + 0.7 * torch.randn(USERS, ITEMS)
LIKED = _score.topk(24, dim=1).indices
LIKED = LIKED.gather(1, torch.rand(USERS, 24).argsort(1))
TRAIN, TEST = LIKED[:, :19], LIKED[:, 19:]
SEEN = torch.zeros(USERS, ITEMS, dtype=torch.bool).scatter_(1, TRAIN, True)


class Triples(Dataset):
    def __len__(self):
        return USERS * 19

    def __getitem__(self, n):
        u, j = divmod(n, 19)
        neg = torch.randint(ITEMS, (1,)).item()
        while SEEN[u, neg]:
            neg = torch.randint(ITEMS, (1,)).item()
        return u, TRAIN[u, j].item(), neg


class MF(nn.Module):
    def __init__(self):
        super().__init__()
        self.user = nn.Embedding(USERS, K)
        self.item = nn.Embedding(ITEMS, K)
        nn.init.normal_(self.user.weight, std=0.1)
        nn.init.normal_(self.item.weight, std=0.1)

    def bpr_loss(self, u, pos, neg):
        u, p, n = self.user(u), self.item(pos), self.item(neg)
        diff = torch.sum(torch.mul(u, p - n))
        return -F.logsigmoid(diff)

    @torch.no_grad()
    def hit_rate(self, k=20):
        s = self.user.weight @ self.item.weight.t()
        s[SEEN] = -1e9
        top = s.topk(k, dim=1).indices
        return (top[:, :, None] == TEST[:, None, :]).any(1).float().mean().item()


if __name__ == "__main__":
    loader = DataLoader(Triples(), batch_size=128, shuffle=True)
    model = MF()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01, weight_decay=1e-5)
    print(f"random recommender hit rate@20 would be about {20 / (ITEMS - 19):.3f}")
    for epoch in range(20):
        total = 0.0
        for u, pos, neg in loader:
            loss = model.bpr_loss(u, pos, neg)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item()
        if epoch % 3 == 1:
            print(f"epoch {epoch + 1:2d}  bpr loss {total / len(loader):.5f}  recall@20 {model.hit_rate():.3f}")
