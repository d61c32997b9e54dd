"""CTC: read digit strings from a noisy pseudo-audio feature stream (unknown alignment)."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(16)
ALPHABET = "0123456789"          # label id = digit + 1, id 0 is the blank
FEATS = 12
SOUND = torch.randn(10, FEATS)


def utterance():
    n = torch.randint(3, 7, (1,)).item()
    digits = torch.randint(0, 10, (n,))
    frames = [torch.zeros(2, FEATS)]
    for d in digits:
        frames.append(SOUND[d].repeat(torch.randint(2, 5, (1,)).item(), 1))
        frames.append(torch.zeros(torch.randint(1, 3, (1,)).item(), FEATS))
    x = torch.cat(frames)
    return x + 0.4 * torch.randn_like(x), digits + 1


def collate(n):
    xs, ys = zip(*(utterance() for _ in range(n)))
    xl, yl = torch.tensor([len(x) for x in xs]), torch.tensor([len(y) for y in ys])
    return nn.utils.rnn.pad_sequence(xs, batch_first=True), torch.cat(ys), xl, yl


class Recogniser(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(FEATS, 48, 3, padding=1)
        self.gru = nn.GRU(48, 48, batch_first=True, bidirectional=True)
        self.out = nn.Linear(96, len(ALPHABET) + 1)

    def forward(self, x, lengths):
        h = F.relu(self.conv(x.transpose(1, 2))).transpose(1, 2)
        h = nn.utils.rnn.pack_padded_sequence(h, lengths, batch_first=True, enforce_sorted=False)
        h, _ = nn.utils.rnn.pad_packed_sequence(self.gru(h)[0], batch_first=True)
        return self.out(h).log_softmax(-1).transpose(0, 1)


def greedy(lp, lengths):
    out = []
    for seq, n in zip(lp.argmax(-1).t(), lengths):
        s = torch.unique_consecutive(seq[:n])
        out.append(s[s != 0])
    return out


model = Recogniser()
ctc = nn.CTCLoss(blank=0, zero_infinity=True)
opt = torch.optim.Adam(model.parameters(), lr=2e-3)
for step in range(1, 401):
    x, y, xl, yl = collate(24)
    loss = ctc(model(x, xl), y, xl, yl)
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 2.0)
    opt.step()
    if step % 40 == 0:
        with torch.no_grad():
            x, y, xl, yl = collate(100)
            hyp = greedy(model(x, xl), xl)
        ok = sum(len(h) == len(t) and bool((h == t).all()) for h, t in zip(hyp, y.split(yl.tolist())))
        print(f"step {step} ctc {loss.item():.3f} mean decoded length {sum(map(len, hyp)) / 100:.2f} exact {ok / 100:.2f}")
