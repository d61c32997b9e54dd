"""Masked-token pretraining of a small encoder on periodic sequences."""
import numpy as np
import torch
import torch.nn as nn

torch.manual_seed(15)
rng = np.random.default_rng(15)
V, L, MASK, D = 20, 16, 20, 48


def seqs(n):
    start, stride = rng.integers(0, V, n), rng.integers(1, 4, n)
    return torch.tensor((start[:, None] + stride[:, None] * np.arange(L)) % V)


def mask(x):
    pick = torch.rand(x.shape) < 0.15
    labels = torch.where(pick, x, torch.full_like(x, -100))
    r = torch.rand(x.shape)
    inp = x.clone()
    inp[pick & (r < 0.8)] = MASK
    rnd = pick & (r >= 0.9)
    inp[rnd] = torch.randint(0, V, (int(rnd.sum()),))
    return inp, labels


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.tok = nn.Embedding(V + 1, D)
        self.pos = nn.Embedding(L, D)
        layer = nn.TransformerEncoderLayer(D, 4, 96, dropout=0.0, batch_first=True, norm_first=True)
        self.enc = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.out = nn.Linear(D, V)

    def forward(self, x):
        return self.out(self.enc(self.tok(x) + self.pos(torch.arange(L))))


net = Encoder()
opt = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=0.01)
warm = torch.optim.lr_scheduler.LambdaLR(opt, lambda s: min(1.0, (s + 1) / 60))
ce = nn.CrossEntropyLoss(ignore_index=-100)
val = seqs(300)
for it in range(1, 421):
    inp, lab = mask(seqs(32))
    loss = ce(net(inp).transpose(1, 2), lab)
    opt.zero_grad()
    loss.backward()
    opt.step()
    warm.step()
    if it % 60 == 0:
        net.eval()
        with torch.no_grad():
            inp, lab = mask(val)
            pred = net(inp).argmax(-1)
            acc = (pred == lab)[lab != -100].float().mean().item()
        net.train()
        print("it %d mlm loss %.3f masked acc %.3f" % (it, loss.item(), acc))
print("metric val_masked_acc %.4f" % acc)
