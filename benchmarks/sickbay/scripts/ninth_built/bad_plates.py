# read 5-digit number plates from column features (CRNN style)
import os, random
import torch
from torch import nn

MENDED = bool(os.environ.get("MENDED"))
torch.manual_seed(2); random.seed(2)

ALPHABET = "0123456789"
OFFSET = int(MENDED)
NCLASS = len(ALPHABET) + 1
PROTO = torch.randn(10, 12)

def render(text):
    cols = []
    for ch in text:
        for _ in range(random.randint(2, 4)):
            cols.append(PROTO[int(ch)])
        for _ in range(random.randint(1, 2)):
            cols.append(torch.zeros(12))
    x = torch.zeros(32, 12)
    c = torch.stack(cols)[:32]
    x[:len(c)] = c
    return x + 0.3 * torch.randn(32, 12)

def encode(text):
    return [ALPHABET.index(c) + OFFSET for c in text]

def decode(path):
    out, prev = "", -1
    for k in path:
        if k != prev and k != 0:
            out += ALPHABET[k - OFFSET] if 0 <= k - OFFSET < 10 else "?"
        prev = k
    return out

def batch(n):
    texts = ["".join(random.choices(ALPHABET, k=5)) for _ in range(n)]
    x = torch.stack([render(t) for t in texts])
    y = torch.tensor([encode(t) for t in texts])
    return texts, x, y

class CRNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(12, 48, 3, padding=1)
        self.rnn = nn.GRU(48, 48, bidirectional=True, batch_first=True)
        self.fc = nn.Linear(96, NCLASS)
    def forward(self, x):
        h = torch.relu(self.conv(x.transpose(1, 2))).transpose(1, 2)
        return self.fc(self.rnn(h)[0]).log_softmax(-1)

net = CRNN()
ctc = nn.CTCLoss(zero_infinity=True)
opt = torch.optim.Adam(net.parameters(), lr=3e-3)
vt, vx, _ = batch(200)
_, tx, ty = batch(2500)
for step in range(1, 301):
    pick = torch.randint(0, len(tx), (32,))
    x, y = tx[pick], ty[pick]
    lp = net(x).transpose(0, 1)
    loss = ctc(lp, y, torch.full((32,), 32), torch.full((32,), 5))
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(net.parameters(), 5.0)
    opt.step()
    if step % 50 == 0:
        with torch.no_grad():
            got = [decode(p) for p in net(vx).argmax(-1).tolist()]
        acc = sum(a == b for a, b in zip(got, vt)) / len(vt)
        print(f"step {step:4d} loss {loss.item():.3f} plate acc {acc:.3f}   {vt[0]} -> {got[0]}")
print(f"metric plate_acc {acc:.4f}")
