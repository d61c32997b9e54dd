"""Reading number strips of unknown length with a convolutional-recurrent network and the CTC loss."""
import random

import torch
import torch.nn as nn

random.seed(160)
torch.manual_seed(160)
DIGITS = {
    1: ["010", "110", "010", "010", "111"], 2: ["111", "001", "111", "100", "111"],
    3: ["111", "001", "011", "001", "111"], 4: ["101", "101", "111", "001", "001"],
    5: ["111", "100", "111", "001", "111"], 6: ["111", "100", "111", "101", "111"],
}
GLYPH = {k: torch.tensor([[float(c) for c in r] for r in v]) for k, v in DIGITS.items()}
WIDTH = 24


def strip():
    n = random.randint(2, 4)
    text = [random.randint(1, 6) for _ in range(n)]
    img = torch.zeros(7, WIDTH)
    x = random.randint(0, 3)
    for d in text:
        y = random.randint(0, 2)
        img[y:y + 5, x:x + 3] = GLYPH[d]
        x += 3 + random.randint(1, 2)
    return img, text


def make(n):
    imgs, texts = zip(*[strip() for _ in range(n)])
    imgs = torch.stack(imgs) + 0.15 * torch.randn(n, 7, WIDTH)
    return imgs, list(texts)


class Reader(nn.Module):
    def __init__(self, hidden=40):
        super().__init__()
        self.conv = nn.Sequential(nn.Conv1d(7, 32, 5, padding=2), nn.ReLU(), nn.Conv1d(32, 40, 3, stride=2, padding=1), nn.ReLU())
        self.rnn = nn.GRU(40, hidden, bidirectional=True)
        self.fc = nn.Linear(2 * hidden, 7)

    def forward(self, imgs):
        f = self.conv(imgs).permute(2, 0, 1)
        h, _ = self.rnn(f)
        return self.fc(h).log_softmax(-1)


def collapse(path):
    out, prev = [], 0
    for p in path:
        if p != prev and p != 0:
            out.append(p)
        prev = p
    return out


train_x, train_t = make(2000)
test_x, test_t = make(400)
model = Reader()
ctc = nn.CTCLoss(blank=0, zero_infinity=True)
opt = torch.optim.Adam(model.parameters(), lr=6e-3)
for epoch in range(9):
    model.train()
    total = 0.0
    for idx in torch.randperm(len(train_x)).split(40):
        labels = [train_t[i] for i in idx.tolist()]
        logp = model(train_x[idx])
        loss = ctc(
            logp, torch.tensor(sum(labels, [])),
            torch.full((len(idx),), logp.size(0)), torch.tensor([len(t) for t in labels]),
        )
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        opt.step()
        total += loss.item()
    model.eval()
    with torch.no_grad():
        paths = model(test_x).argmax(-1).t().tolist()
    exact = sum(collapse(p) == t for p, t in zip(paths, test_t)) / len(test_t)
    blanks = sum(c == 0 for p in paths for c in p) / sum(map(len, paths))
    print(f"epoch {epoch} loss {total / 50:.4f} exact {exact:.3f} share of blanks {blanks:.2f}")
    if epoch == 6:
        opt.param_groups[0]["lr"] = 1e-3
print(f"metric exact_match {exact:.4f}")
