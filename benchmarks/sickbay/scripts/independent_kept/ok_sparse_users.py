"""Looks broken because most rows of the tables get no gradient at a step and the embedding has no dense gradient at all; right, because sparse embeddings with SparseAdam touch only the rows of the batch."""
# test rmse 0.34 (noise 0.30, spread 1.15)
# after https://raberrytv.wordpress.com/ (Combining Dense And Sparse Gradients)
import torch
from torch import nn

torch.manual_seed(14)
n_users, n_items, k = 3000, 1200, 6
u_true = torch.randn(n_users, k) / k ** 0.5
i_true = torch.randn(n_items, k)
bias = 0.5 * torch.randn(n_items)


def log_of_ratings(n):
    u = torch.randint(n_users, (n,))
    i = (torch.rand(n) ** 1.5 * n_items).long()
    r = 3 + bias[i] + (u_true[u] * i_true[i]).sum(1) + 0.3 * torch.randn(n)
    return u, i, r


class Factorization(nn.Module):
    def __init__(self, dim=8):
        super().__init__()
        self.users = nn.Embedding(n_users, dim, sparse=True)
        self.items = nn.Embedding(n_items, dim, sparse=True)
        self.item_bias = nn.Embedding(n_items, 1, sparse=True)
        self.mean = nn.Parameter(torch.zeros(1))
        nn.init.normal_(self.users.weight, std=0.1)
        nn.init.normal_(self.items.weight, std=0.1)
        nn.init.zeros_(self.item_bias.weight)

    def forward(self, u, i):
        return (self.users(u) * self.items(i)).sum(1) + self.item_bias(i).squeeze(1) + self.mean


train = log_of_ratings(200000)
test = log_of_ratings(20000)
model = Factorization()
sparse = [model.users.weight, model.items.weight, model.item_bias.weight]
opt_sparse = torch.optim.SparseAdam(sparse, lr=0.01)
opt_dense = torch.optim.Adam([model.mean], lr=0.01)
size = 512
for epoch in range(7):
    order = torch.randperm(len(train[0]))
    total = 0
    for b in order.split(size):
        u, i, r = (c[b] for c in train)
        loss = nn.functional.mse_loss(model(u, i), r)
        opt_sparse.zero_grad()
        opt_dense.zero_grad()
        loss.backward()
        opt_sparse.step()
        opt_dense.step()
        total += loss.item() * len(b)
    print(f"epoch {epoch} train rmse {(total / len(order)) ** 0.5:.4f}")
with torch.no_grad():
    rmse = (model(test[0], test[1]) - test[2]).pow(2).mean().sqrt().item()
print(f"test rmse {rmse:.4f} (spread of the ratings {test[2].std().item():.4f}, noise 0.3)")
