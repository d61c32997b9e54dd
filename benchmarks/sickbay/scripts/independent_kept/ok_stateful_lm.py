"""Looks broken because the batches are not shuffled and the hidden state of one batch is carried into the next and detached; right, because this is truncated backpropagation through a running text."""
# valid perplexity 4.14 (12 at chance)
# after https://lightning.ai/docs/pytorch/stable/_sources/common/tbptt.rst.txt
import math

import torch
import torch.nn as nn

torch.manual_seed(1111)
emsize, nhid, bptt, ntokens = 24, 64, 12, 12
eval_batch, train_batch = 10, 20


def corpus(n):
    """A long stream of brackets: what closes was opened long before."""
    out, stack = [], []
    kinds = ntokens // 2
    r = torch.rand(n).tolist()
    k = torch.randint(kinds, (n,)).tolist()
    for i in range(n):
        if stack and (len(stack) >= 4 or r[i] < 0.62):
            out.append(kinds + stack.pop())
        else:
            stack.append(k[i])
            out.append(k[i])
    return torch.tensor(out)


def batchify(data, bsz):
    nbatch = data.size(0) // bsz
    return data.narrow(0, 0, nbatch * bsz).view(bsz, -1).t().contiguous()


def get_batch(source, i):
    seq_len = min(bptt, len(source) - 1 - i)
    return source[i:i + seq_len], source[i + 1:i + 1 + seq_len].view(-1)


def repackage_hidden(h):
    return h.detach() if isinstance(h, torch.Tensor) else tuple(repackage_hidden(v) for v in h)


class RNNModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Embedding(ntokens, emsize)
        self.rnn = nn.LSTM(emsize, nhid)
        self.decoder = nn.Linear(nhid, ntokens)

    def init_hidden(self, bsz):
        return torch.zeros(1, bsz, nhid), torch.zeros(1, bsz, nhid)

    def forward(self, x, hidden):
        out, hidden = self.rnn(self.encoder(x), hidden)
        return self.decoder(out).view(-1, ntokens), hidden


def evaluate(model, source):
    hidden, total = model.init_hidden(eval_batch), 0.0
    with torch.no_grad():
        for i in range(0, source.size(0) - 1, bptt):
            data, targets = get_batch(source, i)
            output, hidden = model(data, hidden)
            total += len(data) * criterion(output, targets).item()
    return total / (len(source) - 1)


train_data = batchify(corpus(140000), train_batch)
val_data = batchify(corpus(12000), eval_batch)
model = RNNModel()
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
for epoch in range(4):
    hidden = model.init_hidden(train_batch)
    for i in range(0, train_data.size(0) - 1, bptt):
        data, targets = get_batch(train_data, i)
        hidden = repackage_hidden(hidden)
        optimizer.zero_grad()
        output, hidden = model(data, hidden)
        loss = criterion(output, targets)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 0.25)
        optimizer.step()
    val = evaluate(model, val_data)
    print(f"| end of epoch {epoch} | loss {loss.item():.3f} | valid loss {val:.3f} | valid ppl {math.exp(val):.2f}")
print(f"final valid perplexity {math.exp(val):.3f} of {ntokens}")
