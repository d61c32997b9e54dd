"""Transcribe short spoken commands (filter bank frames to characters) with a GRU and CTC."""
import os
import random
import torch
import torch.nn as nn

MENDED = os.environ.get("MENDED") == "1"
torch.manual_seed(3)
random.seed(3)
ALPHABET = " abcde"
if MENDED:
    char_to_id = {c: i + 1 for i, c in enumerate(ALPHABET)}
else:
    char_to_id = {c: i for i, c in enumerate(ALPHABET)}
id_to_char = {i: c for c, i in char_to_id.items()}
N_OUT = len(ALPHABET) + 1
N_MEL = 12
sounds = torch.randn(len(ALPHABET), N_MEL)


def speak():
    words = ["".join(random.choice("abcde") for _ in range(random.randint(1, 2))) for _ in range(random.randint(2, 4))]
    text = " ".join(words)
    frames = []
    for c in text:
        s = sounds[ALPHABET.index(c)]
        for _ in range(random.randint(2, 3)):
            frames.append(s + 0.5 * torch.randn(N_MEL))
        frames.append(0.3 * torch.randn(N_MEL))
    return torch.stack(frames), text


def collate(items):
    xs, texts = zip(*items)
    x_len = torch.tensor([len(x) for x in xs])
    x = nn.utils.rnn.pad_sequence(xs, batch_first=True)
    targets = [torch.tensor([char_to_id[c] for c in t]) for t in texts]
    t_len = torch.tensor([len(t) for t in targets])
    return x, x_len, torch.cat(targets), t_len, texts


class Recognizer(nn.Module):
    def __init__(self, hidden=32):
        super().__init__()
        self.rnn = nn.GRU(N_MEL, hidden, batch_first=True, bidirectional=True)
        self.out = nn.Linear(2 * hidden, N_OUT)

    def forward(self, x):
        h, _ = self.rnn(x)
        return self.out(h).log_softmax(-1)


def greedy(log_probs, length):
    best = log_probs[:length].argmax(-1).tolist()
    out, prev = [], None
    for b in best:
        if b != prev and b != 0:
            out.append(id_to_char.get(b, "?"))
        prev = b
    return "".join(out)


def edit_distance(a, b):
    row = list(range(len(b) + 1))
    for i, ca in enumerate(a, 1):
        prev, row[0] = row[0], i
        for j, cb in enumerate(b, 1):
            prev, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, prev + (ca != cb))
    return row[-1]


train = [speak() for _ in range(1200)]
val = [speak() for _ in range(150)]
model = Recognizer()
ctc = nn.CTCLoss(blank=0, zero_infinity=True)
opt = torch.optim.Adam(model.parameters(), lr=4e-3)


def validate():
    model.eval()
    x, x_len, _, _, texts = collate(val)
    with torch.no_grad():
        lp = model(x)
    errors = sum(edit_distance(greedy(lp[i], x_len[i]), t) for i, t in enumerate(texts))
    model.train()
    print("   sample:", repr(texts[0]), "->", repr(greedy(lp[0], x_len[0])))
    return errors / sum(len(t) for t in texts)


for epoch in range(6):
    random.shuffle(train)
    total = 0.0
    for i in range(0, len(train), 20):
        x, x_len, targets, t_len, _ = collate(train[i:i + 20])
        loss = ctc(model(x).transpose(0, 1), targets, x_len, t_len)
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        opt.step()
        total += loss.item()
    cer = validate()
    print(f"epoch {epoch} ctc loss {total / (len(train) / 20):.4f} val CER {cer:.3f}")

print(f"metric val_cer {cer:.4f}")
