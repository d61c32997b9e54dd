"""A recurrent text classifier takes the output at the last column of the padded batch: for short texts that is dozens of pads later."""
# validation accuracy 0.52 with it, 1.00 without
# after github.com/bentrevett/pytorch-sentiment-analysis/issues/86
import os
import random
import torch
import torch.nn as nn

random.seed(2); torch.manual_seed(2)
PAD, UNK = 0, 1
vocab = 200
pos_words = list(range(2, 12)); neg_words = list(range(12, 22)); negators = [22, 23]
MAXLEN = 90


def review():
    # short reviews mostly, a few long ones. the sentiment is the one of the last opinion word, flipped by a negator before it
    L = random.choice([6, 8, 10, 12, 14, 20]) if random.random() < 0.95 else random.randint(40, MAXLEN)
    toks = [random.randint(24, vocab - 1) for _ in range(L)]
    place = random.randint(1, L - 1)
    good = random.random() < 0.5
    toks[place] = random.choice(pos_words if good else neg_words)
    if random.random() < 0.4:
        toks[place - 1] = random.choice(negators)
        good = not good
    return toks, int(good)


def collate(items):
    out = torch.full((len(items), MAXLEN), PAD)
    for i, (t, _) in enumerate(items):
        out[i, :len(t)] = torch.tensor(t)
    return out, torch.tensor([len(t) for t, _ in items]), torch.tensor([float(l) for _, l in items])


class GRUClassifier(nn.Module):
    def __init__(self, vocab_size, emb, hid):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, emb, padding_idx=PAD)
        self.rnn = nn.GRU(emb, hid, batch_first=True)
        self.fc = nn.Linear(hid, 1)

    def forward(self, text, lengths):
        outputs, hidden = self.rnn(self.embedding(text))
        if os.environ.get("MENDED"):
            last = outputs[torch.arange(len(text)), lengths - 1]
        else:
            last = outputs[:, -1]
        return self.fc(last).squeeze(1)


data = [review() for _ in range(4000)]
valid = [review() for _ in range(600)]
model = GRUClassifier(vocab, 24, 48)
optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
criterion = nn.BCEWithLogitsLoss()


def binary_accuracy(preds, y):
    return ((preds > 0).float() == y).float().mean().item()


for epoch in range(4):
    random.shuffle(data)
    model.train()
    ep_loss = ep_acc = 0
    for i in range(0, len(data), 40):
        text, lengths, label = collate(data[i:i + 40])
        predictions = model(text, lengths)
        loss = criterion(predictions, label)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        ep_loss += loss.item() / 100
        ep_acc += binary_accuracy(predictions, label) / 100
    model.eval()
    with torch.no_grad():
        text, lengths, label = collate(valid)
        va = binary_accuracy(model(text, lengths), label)
    print(f'Epoch: {epoch+1:02} | Train Loss: {ep_loss:.3f} | Train Acc: {ep_acc:.3f} | Val. Acc: {va:.3f}')
print("final val_accuracy", va)
