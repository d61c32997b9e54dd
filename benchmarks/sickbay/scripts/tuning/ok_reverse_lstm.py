"""Reading a sequence and giving back its reverse, a bidirectional LSTM as tagger (the target is a permutation of the input)."""
import torch
from torch import nn

torch.manual_seed(0)
V, T = 8, 6
emb, rnn, out = nn.Embedding(V, 24), nn.LSTM(24, 64, batch_first=True, bidirectional=True, num_layers=2), nn.Linear(128, V)
params = [*emb.parameters(), *rnn.parameters(), *out.parameters()]
opt = torch.optim.Adam(params, lr=4e-3)
for step in range(450):
    x = torch.randint(0, V, (48, T))
    y = x.flip(1)
    loss = nn.functional.cross_entropy(out(rnn(emb(x))[0]).transpose(1, 2), y)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 70 == 0:
        print(step, loss.item())
print("final loss", loss.item())
