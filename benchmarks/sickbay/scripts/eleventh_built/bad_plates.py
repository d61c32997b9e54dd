"""Read five-symbol plates from a strip of features with conv + GRU + CTC."""
import os
import torch
import torch.nn as nn

MENDED = bool(os.environ.get("MENDED"))
torch.manual_seed(13)
ALPHABET = "ABCDE"
SHIFT = 1 if MENDED else 0
glyph = torch.randn(len(ALPHABET), 8, 4)


def plates(n):
    lab = torch.randint(0, len(ALPHABET), (n, 5))
    x = torch.zeros(n, 8, 32)
    for i in range(n):
        pos = 1
        for c in lab[i]:
            x[i, :, pos:pos + 4] += glyph[c]
            pos += 4 + int(torch.randint(1, 3, (1,)))
    return x + .3 * torch.randn_like(x), lab


def encode(lab):
    return lab + SHIFT


def decode(logp):
    out = []
    for row in logp.argmax(-1).T.tolist():
        s, prev = [], None
        for k in row:
            if k != prev and k != 0:
                s.append(k - SHIFT)
            prev = k
        out.append(s)
    return out


class Reader(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Sequential(nn.Conv1d(8, 48, 5, padding=2), nn.ReLU())
        self.rnn = nn.GRU(48, 24, bidirectional=True, batch_first=True)
        self.fc = nn.Linear(48, len(ALPHABET) + 1)

    def forward(self, x):
        h, _ = self.rnn(self.conv(x).transpose(1, 2))
        return self.fc(h).log_softmax(-1).transpose(0, 1)


x, y = plates(1200)
xv, yv = plates(200)
net = Reader()
ctc = nn.CTCLoss()
opt = torch.optim.Adam(net.parameters(), lr=6e-3)
for step in range(1, 261):
    j = torch.randint(0, len(x), (32,))
    lp = net(x[j])
    loss = ctc(lp, encode(y[j]), torch.full((32,), lp.shape[0]), torch.full((32,), 5))
    opt.zero_grad(); loss.backward()
    nn.utils.clip_grad_norm_(net.parameters(), 5.0)
    opt.step()
    if step % 26 == 0:
        with torch.no_grad():
            read = decode(net(xv))
        acc = sum(r == t for r, t in zip(read, yv.tolist())) / len(yv)
        print(f"step {step} ctc {loss.item():.3f} plates right {acc:.3f}")
print("metric plate_acc", round(acc, 4))
