"""A bidirectional GRU on packed sequences of very different lengths."""
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence

torch.manual_seed(5)


def batch(n):
    seqs = [torch.randint(1, 12, (int(torch.randint(2, 18, (1,))),)) for _ in range(n)]
    y = torch.tensor([int(s[0] == s[-1] or (s == 5).sum() > 1) for s in seqs])
    return pad_sequence(seqs, batch_first=True), torch.tensor([len(s) for s in seqs]), y


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(12, 16, padding_idx=0)
        self.gru = nn.GRU(16, 32, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(64, 2)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(self.emb(x), lengths, batch_first=True, enforce_sorted=False)
        _, h = self.gru(packed)
        return self.fc(torch.cat([h[0], h[1]], 1))


net = Net()
opt = torch.optim.Adam(net.parameters(), lr=4e-3)
for step in range(450):
    x, n, y = batch(48)
    loss = nn.functional.cross_entropy(net(x, n), y)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 90 == 0:
        print(step, loss.item())
x, n, y = batch(500)
print("final test_loss", nn.functional.cross_entropy(net(x, n), y).item())
