"""Sentiment of hotel reviews with a small transformer."""
import os
import random

import torch
import torch.nn as nn

MENDED = bool(os.environ.get("MENDED"))
random.seed(4)
torch.manual_seed(4)

GOOD = "clean quiet friendly lovely spacious tasty helpful sunny".split()
BAD = "dirty noisy rude awful cramped stale broken dark".split()
FILL = "the room was and we stayed two nights breakfast staff with view of a hotel near beach".split()
VOCAB = {w: i for i, w in enumerate(["<pad>", "<cls>"] + GOOD + BAD + FILL)}
PAD, CLS, MAXLEN = 0, 1, 26


def review():
    label = random.randint(0, 1)
    n_main = random.randint(2, 4)
    n_other = random.randint(0, n_main - 1)
    main, other = (GOOD, BAD) if label else (BAD, GOOD)
    words = random.choices(main, k=n_main) + random.choices(other, k=n_other)
    words += random.choices(FILL, k=random.randint(4, MAXLEN - 10))
    random.shuffle(words)
    return words, label


def encode(samples):
    ids = torch.full((len(samples), MAXLEN), PAD)
    for i, (words, _) in enumerate(samples):
        row = [CLS] + [VOCAB[w] for w in words]
        ids[i, : len(row)] = torch.tensor(row)
    return ids, torch.tensor([lab for _, lab in samples])


class Layer(nn.Module):
    def __init__(self, d, heads):
        super().__init__()
        self.attn = nn.MultiheadAttention(d, heads, batch_first=True)
        self.ff = nn.Sequential(nn.Linear(d, 2 * d), nn.ReLU(), nn.Linear(2 * d, d))
        self.n1, self.n2 = nn.LayerNorm(d), nn.LayerNorm(d)

    def forward(self, x, mask):
        a, _ = self.attn(x, x, x, key_padding_mask=mask, need_weights=False)
        x = self.n1(x + a)
        return self.n2(x + self.ff(x))


class SentimentModel(nn.Module):
    def __init__(self, d=32, heads=4, depth=2):
        super().__init__()
        self.emb = nn.Embedding(len(VOCAB), d, padding_idx=PAD)
        self.pos = nn.Embedding(MAXLEN, d)
        self.layers = nn.ModuleList([Layer(d, heads) for _ in range(depth)])
        self.fc = nn.Linear(d, 2)

    def forward(self, ids):
        mask = ids.eq(PAD) if MENDED else ids.ne(PAD)
        x = self.emb(ids) + self.pos.weight
        for layer in self.layers:
            x = layer(x, mask)
        return self.fc(x[:, 0])


def batches(samples, size, shuffle):
    order = list(range(len(samples)))
    if shuffle:
        random.shuffle(order)
    for i in range(0, len(order), size):
        yield encode([samples[j] for j in order[i:i + size]])


def main():
    train, test = [review() for _ in range(1600)], [review() for _ in range(400)]
    model = SentimentModel()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    criterion = nn.CrossEntropyLoss()
    for epoch in range(8):
        model.train()
        total = 0.0
        for ids, labels in batches(train, 40, True):
            optimizer.zero_grad()
            loss = criterion(model(ids), labels)
            loss.backward()
            optimizer.step()
            total += loss.item()
        model.eval()
        correct = 0
        with torch.no_grad():
            for ids, labels in batches(test, 100, False):
                correct += (model(ids).argmax(-1) == labels).sum().item()
        print(f"epoch {epoch + 1}: loss {total / 40:.4f}, accuracy {correct / len(test):.3f}")
    print(f"metric test_acc {correct / len(test):.4f}")


main()
