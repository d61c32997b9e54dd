"""Reading odometer-like digit strips (a line recogniser trained with CTC)."""
import os
import numpy as np
import torch
import torch.nn as nn

MENDED = bool(os.environ.get("MENDED"))
torch.manual_seed(6)
rng = np.random.default_rng(6)

DIGITS = 10
N_OUT = DIGITS + 1
BLANK = DIGITS if MENDED else 0
H, COL, L = 8, 5, 5
FONT = rng.normal(0, 1, (DIGITS, H, 3))
P = np.full(DIGITS, 0.08)
P[0] = 0.28


def strip():
    lab = rng.choice(DIGITS, L, p=P)
    img = np.zeros((H, L * COL + 3))
    x = rng.integers(0, 3)
    for d in lab:
        img[:, x:x + 3] += FONT[d] * rng.uniform(0.8, 1.2)
        x += COL
    return img + 0.25 * rng.normal(size=img.shape), lab


def batch(n):
    ims, labs = zip(*(strip() for _ in range(n)))
    return torch.tensor(np.stack(ims), dtype=torch.float32), torch.tensor(np.stack(labs))


class Reader(nn.Module):
    def __init__(self, h=32):
        super().__init__()
        self.conv = nn.Sequential(nn.Conv1d(H, 48, 3, padding=1), nn.ReLU(), nn.Conv1d(48, 48, 3, padding=1), nn.ReLU())
        self.rnn = nn.GRU(48, h, bidirectional=True, batch_first=True)
        self.fc = nn.Linear(2 * h, N_OUT)

    def forward(self, x):
        f = self.conv(x).transpose(1, 2)
        return self.fc(self.rnn(f)[0]).log_softmax(-1)


def decode(logp):
    out = []
    for row in logp.argmax(-1):
        prev, s = -1, []
        for k in row.tolist():
            if k != prev and k != BLANK:
                s.append(k)
            prev = k
        out.append(s)
    return out


model = Reader()
ctc = nn.CTCLoss(blank=BLANK, zero_infinity=True)
opt = torch.optim.Adam(model.parameters(), lr=3e-3)
Xt, Yt = batch(1500)
Xv, Yv = batch(300)
for step in range(1, 271):
    i = torch.randint(0, len(Xt), (24,))
    lp = model(Xt[i]).transpose(0, 1)
    loss = ctc(lp, Yt[i], torch.full((24,), lp.size(0)), torch.full((24,), L))
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 5.0)
    opt.step()
    if step % 45 == 0:
        print(f"step {step} ctc {loss.item():.4f}")
with torch.no_grad():
    pred = decode(model(Xv))
acc = np.mean([p == t.tolist() for p, t in zip(pred, Yv)])
print("sample:", pred[0], Yv[0].tolist())
print(f"metric val_string_acc {acc:.4f}")
