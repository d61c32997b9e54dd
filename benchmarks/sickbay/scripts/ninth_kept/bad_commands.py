"""Instruction following: 'walk 3 jump 2' -> 'WALK WALK WALK JUMP JUMP'."""
import os
import random
from dataclasses import dataclass
import torch
import torch.nn as nn
import torch.nn.functional as F

MENDED = bool(os.environ.get("MENDED"))


@dataclass
class Cfg:
    emb: int = 32
    hid: int = 96
    lr: float = 3e-3
    steps: int = 500
    bs: int = 48
    max_new: int = 12
    seed: int = 0


cfg = Cfg()
random.seed(cfg.seed)
torch.manual_seed(cfg.seed)
VERBS = ["walk", "jump", "run", "look"]
words = ["<pad>", "<eos>", "<sep>"] + VERBS + [v.upper() for v in VERBS] + list("1234")
stoi = {w: i for i, w in enumerate(words)}
EOS, SEP = stoi["<eos>"], stoi["<sep>"]
PAD = stoi["<pad>"] if MENDED else stoi["<eos>"]


def example():
    prompt, answer = [], []
    for _ in range(random.choice([1, 2])):
        v, n = random.choice(VERBS), random.randint(1, 4)
        prompt += [v, str(n)]
        answer += [v.upper()] * n
    return [stoi[w] for w in prompt] + [SEP], [stoi[w] for w in answer]


def collate(pairs):
    rows = [p + a + [EOS] for p, a in pairs]
    width = max(map(len, rows))
    ids = torch.full((len(rows), width), PAD)
    for r, row in enumerate(rows):
        ids[r, :len(row)] = torch.tensor(row)
    labels = ids.clone()
    labels[labels == PAD] = -100
    for r, (p, _) in enumerate(pairs):
        labels[r, :len(p)] = -100
    return ids, labels


class LM(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(len(words), cfg.emb)
        self.rnn = nn.GRU(cfg.emb, cfg.hid, batch_first=True)
        self.out = nn.Linear(cfg.hid, len(words))

    def forward(self, ids):
        return self.out(self.rnn(self.emb(ids))[0])


def generate(model, prompt):
    ids = list(prompt)
    for _ in range(cfg.max_new):
        nxt = model(torch.tensor([ids]))[0, -1].argmax().item()
        if nxt == EOS:
            break
        ids.append(nxt)
    return ids[len(prompt):]


model = LM()
opt = torch.optim.AdamW(model.parameters(), lr=cfg.lr)
val = [example() for _ in range(60)]
for step in range(1, cfg.steps + 1):
    ids, labels = collate([example() for _ in range(cfg.bs)])
    logits = model(ids)
    loss = F.cross_entropy(logits[:, :-1].reshape(-1, len(words)), labels[:, 1:].reshape(-1), ignore_index=-100)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 100 == 0:
        model.eval()
        with torch.no_grad():
            vi, vl = collate(val)
            vloss = F.cross_entropy(model(vi)[:, :-1].reshape(-1, len(words)), vl[:, 1:].reshape(-1))
            em = sum(generate(model, p) == a for p, a in val) / len(val)
            p, a = val[0]
            shown = " ".join(words[i] for i in generate(model, p))
        model.train()
        print(f"step {step} loss {loss.item():.4f} val_loss {vloss.item():.4f} exact {em:.2f} | {' '.join(words[i] for i in p)} {shown}")
print("metric exact_match", em)
