"""Word level GRU language model, input embedding and output layer share one matrix."""
import math
import numpy as np
import torch
import torch.nn as nn

VOCAB, EMB, BPTT, BATCH = 60, 64, 25, 20


def corpus(n, seed):
    # second order markov text
    table = np.random.RandomState(0).dirichlet(np.full(VOCAB, 0.02), size=(VOCAB, 4))
    r = np.random.RandomState(seed)
    out = [0, 1]
    cum = table.cumsum(-1)
    for u in r.rand(n):
        out.append(min(VOCAB - 1, int(np.searchsorted(cum[out[-1], out[-2] % 4], u))))
    return torch.tensor(out)


def batchify(ids):
    n = len(ids) // BATCH
    return ids[:n * BATCH].view(BATCH, n).t().contiguous()


class RNNLM(nn.Module):
    def __init__(self):
        super().__init__()
        self.drop = nn.Dropout(0.1)
        self.encoder = nn.Embedding(VOCAB, EMB)
        self.rnn = nn.GRU(EMB, EMB)
        self.decoder = nn.Linear(EMB, VOCAB)
        self.decoder.weight = self.encoder.weight
        nn.init.uniform_(self.encoder.weight, -0.1, 0.1)
        nn.init.zeros_(self.decoder.bias)

    def forward(self, x, h):
        o, h = self.rnn(self.drop(self.encoder(x)), h)
        return self.decoder(self.drop(o)).view(-1, VOCAB), h


def run_epoch(model, data, crit, opt=None):
    model.train(opt is not None)
    h, total, count = torch.zeros(1, BATCH, EMB), 0.0, 0
    for i in range(0, len(data) - 1 - BPTT, BPTT):
        x, y = data[i:i + BPTT], data[i + 1:i + 1 + BPTT].reshape(-1)
        h = h.detach()
        with torch.set_grad_enabled(opt is not None):
            out, h = model(x, h)
            loss = crit(out, y)
        if opt is not None:
            opt.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 0.5)
            opt.step()
        total += loss.item(); count += 1
    return total / count


torch.manual_seed(1)
train, val = batchify(corpus(40000, 1)), batchify(corpus(8000, 2))
model = RNNLM()
print("parameters:", sum(p.numel() for p in model.parameters()))
crit, opt = nn.CrossEntropyLoss(), torch.optim.AdamW(model.parameters(), lr=4e-3)
for epoch in range(10):
    tr = run_epoch(model, train, crit, opt)
    va = run_epoch(model, val, crit)
    print(f"| epoch {epoch} | train ppl {math.exp(tr):7.2f} | valid loss {va:.3f} | valid ppl {math.exp(va):7.2f} (uniform {VOCAB})")
