"""Sentiment of short product reviews with an LSTM trained from scratch."""
import os
import random
import torch
import torch.nn as nn

MENDED = os.environ.get("MENDED") == "1"
torch.manual_seed(4)
random.seed(4)
PAD, VOCAB, MAX_LEN = 0, 300, 80
GOOD, BAD, PLAIN = range(1, 41), range(41, 81), range(81, VOCAB)


def write_review():
    label = random.randint(0, 1)
    n = random.randint(5, 20)
    words = []
    for _ in range(n):
        r = random.random()
        if r < 0.35:
            words.append(random.choice(GOOD if label else BAD))
        elif r < 0.43:
            words.append(random.choice(BAD if label else GOOD))
        else:
            words.append(random.choice(PLAIN))
    return words, label


def encode(reviews):
    x = torch.full((len(reviews), MAX_LEN), PAD)
    lengths = torch.zeros(len(reviews), dtype=torch.long)
    y = torch.zeros(len(reviews))
    for i, (words, label) in enumerate(reviews):
        x[i, :len(words)] = torch.tensor(words)
        lengths[i] = len(words)
        y[i] = label
    return x, lengths, y


class SentimentLSTM(nn.Module):
    def __init__(self, dim=24, hidden=32):
        super().__init__()
        self.embed = nn.Embedding(VOCAB, dim, padding_idx=PAD)
        self.lstm = nn.LSTM(dim, hidden, batch_first=True)
        self.drop = nn.Dropout(0.2)
        self.fc = nn.Linear(hidden, 1)

    def forward(self, x, lengths):
        out, _ = self.lstm(self.embed(x))
        if MENDED:
            last = out[torch.arange(len(x)), lengths - 1]
        else:
            last = out[:, -1, :]
        return self.fc(self.drop(last)).squeeze(-1)


train_x, train_l, train_y = encode([write_review() for _ in range(2000)])
val_x, val_l, val_y = encode([write_review() for _ in range(500)])
model = SentimentLSTM()
opt = torch.optim.Adam(model.parameters(), lr=2e-3)
criterion = nn.BCEWithLogitsLoss()
BATCH, EPOCHS = 32, 6


def evaluate():
    model.eval()
    with torch.no_grad():
        logits = model(val_x, val_l)
        loss = criterion(logits, val_y).item()
        acc = ((logits > 0).float() == val_y).float().mean().item()
    model.train()
    return loss, acc


for epoch in range(EPOCHS):
    order = torch.randperm(len(train_x))
    total, hits = 0.0, 0
    for i in range(0, len(order), BATCH):
        idx = order[i:i + BATCH]
        logits = model(train_x[idx], train_l[idx])
        loss = criterion(logits, train_y[idx])
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
        total += loss.item() * len(idx)
        hits += ((logits > 0).float() == train_y[idx]).sum().item()
    val_loss, val_acc = evaluate()
    print(f"epoch {epoch} loss {total / len(order):.4f} acc {hits / len(order):.3f} "
          f"val loss {val_loss:.4f} val acc {val_acc:.3f}")

print(f"metric val_acc {val_acc:.4f}")
