"""A linear-chain CRF by hand with logsumexp, on top of an embedding."""
import torch
from torch import nn

torch.manual_seed(0)
K, V, T = 4, 16, 10
trans = torch.softmax(2 * torch.randn(K, K), -1)


def batch(n):
    tags = [torch.randint(0, K, (n,))]
    for _ in range(T - 1):
        tags.append(torch.multinomial(trans[tags[-1]], 1)[:, 0])
    y = torch.stack(tags, 1)
    x = torch.where(torch.rand(n, T) < 0.6, y * 4 + torch.randint(0, 4, (n, T)), torch.randint(0, V, (n, T)))
    return x, y


class CRF(nn.Module):
    def __init__(self):
        super().__init__()
        self.emit = nn.Embedding(V, K)
        self.A = nn.Parameter(torch.zeros(K, K))

    def nll(self, x, y):
        e = self.emit(x)
        score = e.gather(2, y[..., None]).sum((1, 2)) + self.A[y[:, :-1], y[:, 1:]].sum(1)
        alpha = e[:, 0]
        for t in range(1, T):
            alpha = torch.logsumexp(alpha[:, :, None] + self.A, 1) + e[:, t]
        return (torch.logsumexp(alpha, 1) - score).mean() / T


crf = CRF()
opt = torch.optim.Adam(crf.parameters(), lr=0.05)
for step in range(300):
    x, y = batch(32)
    loss = crf.nll(x, y)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 60 == 0:
        print(step, loss.item())
print("final nll", loss.item())
