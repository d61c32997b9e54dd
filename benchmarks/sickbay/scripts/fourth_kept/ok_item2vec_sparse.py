"""Item embeddings from shopping baskets. Sparse tables get SparseAdam, the dense scorer its own Adam."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import Dataset, DataLoader

torch.manual_seed(8)
ITEMS, GROUPS, DIM, NEG = 1000, 20, 24, 5
GROUP_OF = torch.arange(ITEMS) % GROUPS


class Pairs(Dataset):
    def __init__(self, n):
        g = torch.randint(GROUPS, (n,))
        noise = torch.rand(n) < 0.15
        per = ITEMS // GROUPS
        self.a = g + GROUPS * torch.randint(per, (n,))
        self.b = torch.where(noise, torch.randint(ITEMS, (n,)), g + GROUPS * torch.randint(per, (n,)))

    def __len__(self):
        return len(self.a)

    def __getitem__(self, i):
        return self.a[i], self.b[i]


class Item2Vec(nn.Module):
    def __init__(self):
        super().__init__()
        self.inp = nn.Embedding(ITEMS, DIM, sparse=True)
        self.ctx = nn.Embedding(ITEMS, DIM, sparse=True)
        nn.init.uniform_(self.inp.weight, -0.5 / DIM, 0.5 / DIM)
        nn.init.uniform_(self.ctx.weight, -0.5 / DIM, 0.5 / DIM)
        self.scorer = nn.Linear(DIM, 1)
        nn.init.ones_(self.scorer.weight)

    def forward(self, a, b):
        return self.scorer(self.inp(a).unsqueeze(1) * self.ctx(b)).squeeze(-1)


def neighbours_same_group(model, k=10):
    e = F.normalize(model.inp.weight.detach(), dim=1)
    nn_idx = (e @ e.t()).fill_diagonal_(-2).topk(k, 1).indices
    return (GROUP_OF[nn_idx] == GROUP_OF[:, None]).float().mean().item()


if __name__ == "__main__":
    model = Item2Vec()
    opt_sparse = torch.optim.SparseAdam([model.inp.weight, model.ctx.weight], lr=0.01)
    opt_dense = torch.optim.Adam(model.scorer.parameters(), lr=0.001)
    loader = DataLoader(Pairs(40000), batch_size=256, shuffle=True)
    for epoch in range(8):
        total = 0.0
        for a, b in loader:
            cand = torch.cat([b.unsqueeze(1), torch.randint(ITEMS, (len(a), NEG))], 1)
            target = torch.zeros(cand.shape)
            target[:, 0] = 1
            loss = F.binary_cross_entropy_with_logits(model(a, cand), target)
            opt_sparse.zero_grad()
            opt_dense.zero_grad()
            loss.backward()
            opt_sparse.step()
            opt_dense.step()
            total += loss.item()
        print(f"epoch {epoch} loss {total / len(loader):.4f} neighbours of the same group {neighbours_same_group(model):.3f} (random {1 / GROUPS:.3f})")
