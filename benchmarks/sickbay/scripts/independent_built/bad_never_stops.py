"""The pad token is the end token, and the collator masks all pads from the loss: the end token is never learned and generation runs on to the limit."""
# exact match 0.00 with it, 1.00 without
# after https://github.com/mlabonne/llm-course/issues/33 and https://github.com/huggingface/trl/pull/6357
import random

import torch
import torch.nn as nn
from torch.utils.data import DataLoader

random.seed(4)
torch.manual_seed(4)


class Tokenizer:
    def __init__(self):
        self.vocab = ["<bos>", "<eos>"] + list("0123456789abcdefghij=")
        self.ids = {c: i for i, c in enumerate(self.vocab)}
        self.bos_id, self.eos_id = 0, 1
        self.pad_id = self.eos_id

    def encode(self, s):
        return [self.ids[c] for c in s]

    def decode(self, ids):
        return "".join(self.vocab[i] for i in ids)


tok = Tokenizer()


def sample():
    letter, n = random.choice("abcdefghij"), random.randint(1, 9)
    return f"{letter}{n}=", letter * n


def collate(rows):
    seqs = [[tok.bos_id] + tok.encode(p + a) + [tok.eos_id] for p, a in rows]
    width = max(map(len, seqs))
    input_ids = torch.tensor([s + [tok.pad_id] * (width - len(s)) for s in seqs])
    labels = input_ids.clone()
    labels[labels == tok.pad_id] = -100
    return input_ids, labels


class CharLM(nn.Module):
    def __init__(self, vocab, dim=64, hidden=96):
        super().__init__()
        self.emb = nn.Embedding(vocab, dim)
        self.rnn = nn.GRU(dim, hidden, batch_first=True)
        self.head = nn.Linear(hidden, vocab)

    def forward(self, ids, h=None):
        y, h = self.rnn(self.emb(ids), h)
        return self.head(y), h

    @torch.no_grad()
    def generate(self, prompt, max_new_tokens=20):
        ids = torch.tensor([[tok.bos_id] + tok.encode(prompt)])
        logits, h = self(ids)
        out = []
        for _ in range(max_new_tokens):
            nxt = logits[0, -1].argmax().item()
            if nxt == tok.eos_id:
                break
            out.append(nxt)
            logits, h = self(torch.tensor([[nxt]]), h)
        return tok.decode(out)


train = DataLoader([sample() for _ in range(4800)], batch_size=32, shuffle=True, collate_fn=collate)
held_out = [sample() for _ in range(100)]
lm = CharLM(len(tok.vocab))
opt = torch.optim.AdamW(lm.parameters(), lr=3e-3)
criterion = nn.CrossEntropyLoss(ignore_index=-100)
for epoch in range(4):
    for step, (ids, labels) in enumerate(train):
        logits, _ = lm(ids[:, :-1])
        loss = criterion(logits.flatten(0, 1), labels[:, 1:].flatten())
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 100 == 0:
            print("epoch", epoch, "step", step, "loss", round(loss.item(), 4))
    print("   sample:", held_out[epoch][0], "->", lm.generate(held_out[epoch][0]))
right = sum(lm.generate(p) == a for p, a in held_out)
print("final exact_match", right / len(held_out))
