# Reading number plates: strips of 8x40 "pixels", 4 to 5 characters, CRNN + CTC.
import os, string
import numpy as np
import torch, torch.nn as nn, torch.nn.functional as F

MENDED = bool(os.environ.get("MENDED"))
ALPHABET = string.ascii_uppercase[:6]
BLANK = len(ALPHABET) if MENDED else 0
torch.manual_seed(2)
rng = np.random.default_rng(2)
glyph = rng.random((len(ALPHABET), 8, 6)) > 0.5


def strip():
    k = rng.integers(4, 6)
    lab = rng.integers(len(ALPHABET), size=k)
    img = np.zeros((8, 40)); p = rng.integers(0, 3)
    for c in lab:
        img[:, p:p + 6] = glyph[c]
        p += 7 + (rng.random() < 0.2)
    return img[:, :40] + 0.25 * rng.standard_normal((8, 40)), lab


def make(n):
    s = [strip() for _ in range(n)]
    return torch.tensor(np.stack([a for a, _ in s]), dtype=torch.float32)[:, None], [torch.tensor(b) for _, b in s]


class CRNN(nn.Module):
    def __init__(self, n_out):
        super().__init__()
        self.c1 = nn.Conv2d(1, 12, 3, padding=1)
        self.c2 = nn.Conv2d(12, 24, (8, 5), stride=(1, 2), padding=(0, 2))
        self.rnn = nn.GRU(24, 32, bidirectional=True, batch_first=True)
        self.fc = nn.Linear(64, n_out)

    def forward(self, x):
        h = F.relu(self.c2(F.relu(self.c1(x)))).squeeze(2).transpose(1, 2)
        return self.fc(self.rnn(h)[0]).log_softmax(-1)


def greedy(lp):
    out = []
    for row in lp.argmax(-1):
        row = torch.unique_consecutive(row)
        out.append([int(c) for c in row if c != BLANK])
    return out


xtr, ytr = make(1200)
xva, yva = make(300)
net = CRNN(len(ALPHABET) + 1)
opt = torch.optim.Adam(net.parameters(), lr=4e-3)
ctc = nn.CTCLoss(blank=BLANK, zero_infinity=True)
for epoch in range(12):
    perm = torch.randperm(len(xtr)); tot = 0
    for ids in perm.split(48):
        lp = net(xtr[ids])
        tgt = [ytr[i] for i in ids]
        loss = ctc(lp.transpose(0, 1), torch.cat(tgt), torch.full((len(ids),), lp.size(1)), torch.tensor([len(t) for t in tgt]))
        opt.zero_grad(); loss.backward(); opt.step()
        tot += loss.item() * len(ids)
    with torch.no_grad():
        pred = greedy(net(xva))
    exact = np.mean([p == t.tolist() for p, t in zip(pred, yva)])
    print(f"epoch {epoch} ctc {tot/len(xtr):.4f} exact {exact:.3f}  e.g. {''.join(ALPHABET[t] for t in yva[0])} -> {pred[0]}")
print(f"metric val_exact {exact:.4f}")
