"""Fine-tune a small recurrent LM to answer '<count> <item>' prompts with exactly that many items."""
import os
import torch
import torch.nn as nn

MENDED = bool(os.environ.get("MENDED"))
torch.manual_seed(2)

ITEMS = [f"item{i}" for i in range(8)]
COUNTS = [f"n{i}" for i in range(1, 7)]
vocab = ["<eos>", "<sep>", "<pad>"] + ITEMS + COUNTS
stoi = {w: i for i, w in enumerate(vocab)}


class Tok:
    eos_token_id = stoi["<eos>"]
    pad_token_id = stoi["<pad>"] if MENDED else stoi["<eos>"]

    def __call__(self, texts, max_len=12):
        rows = []
        for t in texts:
            ids = [stoi[w] for w in t.split()]
            rows.append(ids + [self.pad_token_id] * (max_len - len(ids)))
        return torch.tensor(rows)


tok = Tok()


def sample(n):
    out = []
    for _ in range(n):
        c, i = int(torch.randint(1, 7, (1,))), ITEMS[int(torch.randint(0, 8, (1,)))]
        out.append((f"n{c} {i} <sep>", " ".join([i] * c)))
    return out


class LM(nn.Module):
    def __init__(self, d=64):
        super().__init__()
        self.emb = nn.Embedding(len(vocab), d)
        self.rnn = nn.GRU(d, d, batch_first=True)
        self.out = nn.Linear(d, len(vocab))

    def forward(self, ids):
        h, _ = self.rnn(self.emb(ids))
        return self.out(h)


def generate(model, prompt, max_new=10):
    ids = [stoi[w] for w in prompt.split()]
    new = []
    for _ in range(max_new):
        nxt = int(model(torch.tensor([ids + new]))[0, -1].argmax())
        new.append(nxt)
        if nxt == tok.eos_token_id:
            break
    return new


train, val = sample(1500), sample(80)
ids = tok([p + " " + r + " <eos>" for p, r in train])
labels = ids.clone()
labels[:, :3] = -100
labels[ids == tok.pad_token_id] = -100
model = LM()
opt = torch.optim.Adam(model.parameters(), lr=3e-3)
lossf = nn.CrossEntropyLoss(ignore_index=-100)
for step in range(500):
    j = torch.randint(0, len(ids), (64,))
    logits = model(ids[j][:, :-1])
    loss = lossf(logits.flatten(0, 1), labels[j][:, 1:].flatten())
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 50 == 0:
        print("step", step, "loss", round(loss.item(), 4))
with torch.no_grad():
    ok = 0
    for p, r in val:
        got = generate(model, p)
        ok += got == [stoi[w] for w in r.split()] + [tok.eos_token_id]
    print("example:", val[0][0], "->", " ".join(vocab[i] for i in generate(model, val[0][0])))
print("metric exact_reply", ok / len(val))
