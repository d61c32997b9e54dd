"""Does the review mention a cause before its complaint? Classify padded token sequences from the [CLS] position."""
import os
import torch
import torch.nn as nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader

MENDED = os.environ.get("MENDED") == "1"
torch.manual_seed(31)
PAD, CLS, VOCAB, MAX_LEN = 0, 1, 60, 26
POSITIVE, NEGATIVE = range(2, 12), range(12, 22)


def reviews(n):
    data = []
    for _ in range(n):
        length = int(torch.randint(8, MAX_LEN - 2, (1,)))
        words = torch.randint(22, VOCAB, (length,))
        label = int(torch.randint(0, 2, (1,)))
        where = torch.randperm(length)[:3]
        good = torch.randint(2, 12, (3,))
        bad = torch.randint(12, 22, (3,))
        keep = torch.tensor([1, 1, 1]) if label else torch.tensor([0, 0, 0])
        keep[int(torch.randint(0, 3, (1,)))] ^= 1
        words[where] = torch.where(keep.bool(), good, bad)
        data.append((torch.cat([torch.tensor([CLS]), words]), label))
    return data


def collate(batch):
    ids = pad_sequence([b[0] for b in batch] + [torch.zeros(MAX_LEN, dtype=torch.long)], batch_first=True, padding_value=PAD)
    return ids[:-1], torch.tensor([b[1] for b in batch])


class ReviewEncoder(nn.Module):
    def __init__(self, d=32, heads=4, depth=2):
        super().__init__()
        self.word = nn.Embedding(VOCAB, d)
        self.position = nn.Embedding(MAX_LEN, d)
        layer = nn.TransformerEncoderLayer(d, heads, 2 * d, dropout=0.1, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, depth, enable_nested_tensor=False)
        self.classifier = nn.Linear(d, 2)

    def forward(self, ids):
        if MENDED:
            padding_mask = ids == PAD
        else:
            padding_mask = ids != PAD
        h = self.word(ids) + self.position(torch.arange(ids.size(1)))
        h = self.encoder(h, src_key_padding_mask=padding_mask)
        return self.classifier(h[:, 0])


train_loader = DataLoader(reviews(4000), batch_size=64, shuffle=True, collate_fn=collate)
dev_loader = DataLoader(reviews(800), batch_size=200, collate_fn=collate)
model = ReviewEncoder()
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
loss_fn = nn.CrossEntropyLoss()

for epoch in range(10):
    model.train()
    train_loss = 0.0
    for ids, labels in train_loader:
        optimizer.zero_grad()
        loss = loss_fn(model(ids), labels)
        loss.backward()
        optimizer.step()
        train_loss += loss.item()
    model.eval()
    dev_loss, correct, n = 0.0, 0, 0
    with torch.no_grad():
        for ids, labels in dev_loader:
            logits = model(ids)
            dev_loss += loss_fn(logits, labels).item()
            correct += (logits.argmax(-1) == labels).sum().item()
            n += len(labels)
    print(f"epoch {epoch} train {train_loss / len(train_loader):.4f} dev acc {correct / n:.3f} dev_loss {dev_loss / len(dev_loader):.4f}")
