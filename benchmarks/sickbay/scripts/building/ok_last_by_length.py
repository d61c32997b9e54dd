"""A GRU on padded sentences, whose output at the last real symbol is gathered by length."""
import torch
import torch.nn as nn

torch.manual_seed(0)


class Text(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding, self.rnn, self.head = nn.Embedding(25, 16, padding_idx=0), nn.GRU(16, 32, batch_first=True), nn.Linear(32, 4)

    def forward(self, x, length):
        out, _ = self.rnn(self.embedding(x))
        return self.head(out.gather(1, (length - 1)[:, None, None].expand(-1, 1, 32)).squeeze(1))


def batch(n):
    length = torch.randint(3, 15, (n,))
    x = torch.randint(1, 25, (n, 14)) * (torch.arange(14) < length[:, None])
    return x, length, x[torch.arange(n), length - 2] % 4


model = Text()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
for step in range(400):
    x, length, y = batch(32)
    loss = nn.functional.cross_entropy(model(x, length), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 100 == 0:
        print(step, loss.item())
