"""News by an EmbeddingBag with sparse gradients and SparseAdam, the head by Adam, as the text tutorial does."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
V, C = 500, 4
topic = torch.randint(0, C, (V,))
labels = torch.randint(0, C, (1600,))
texts = []
for c in labels.tolist():
    words = torch.randint(0, V, (int(torch.randint(8, 25, (1,))),))
    own = torch.nonzero(topic == c).squeeze(1)
    swap = torch.rand(len(words)) < 0.3
    words[swap] = own[torch.randint(0, len(own), (int(swap.sum()),))]
    texts.append(words)
bag, head = nn.EmbeddingBag(V, 32, sparse=True, mode="mean"), nn.Linear(32, C)
nn.init.uniform_(bag.weight, -0.5, 0.5)
os_, oh = torch.optim.SparseAdam(list(bag.parameters()), lr=5e-3), torch.optim.Adam(head.parameters(), lr=5e-3)


def collate(i):
    chosen = [texts[k] for k in i]
    offsets = torch.tensor([0, *[len(w) for w in chosen[:-1]]]).cumsum(0)
    return torch.cat(chosen), offsets, labels[i]


for epoch in range(6):
    for i in torch.randperm(1300).split(26):
        flat, offsets, y = collate(i)
        loss = F.cross_entropy(head(bag(flat, offsets)), y)
        os_.zero_grad()
        oh.zero_grad()
        loss.backward()
        os_.step()
        oh.step()
    with torch.no_grad():
        flat, offsets, y = collate(torch.arange(1300, 1600))
        print(epoch, loss.item(), (head(bag(flat, offsets)).argmax(1) == y).float().mean().item())
