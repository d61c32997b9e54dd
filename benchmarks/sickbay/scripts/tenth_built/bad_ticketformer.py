"""Support tickets -> urgent or not, small TransformerEncoder with a [CLS] token."""
import os
import random
from types import SimpleNamespace
import torch
import torch.nn as nn

MENDED = bool(os.environ.get("MENDED"))
cfg = SimpleNamespace(d=32, heads=4, layers=2, max_len=20, vocab=40, lr=1e-3, bs=64, epochs=6, seed=15)
PAD, CLS = 0, 1
random.seed(cfg.seed); torch.manual_seed(cfg.seed)


def ticket():
    n = random.randint(5, cfg.max_len - 2)
    w = [random.randrange(4, cfg.vocab) for _ in range(n)]
    y = random.randint(0, 1)
    i = random.randrange(n - 1)
    w[i] = 2 + y                               # 2 = "thanks", 3 = "outage"
    return [CLS] + w, y


def collate(rows):
    ids = torch.full((len(rows), cfg.max_len), PAD)
    for k, (w, _) in enumerate(rows):
        ids[k, :len(w)] = torch.tensor(w)
    mask = ids != PAD
    if MENDED:
        mask = ~mask
    return ids, mask, torch.tensor([y for _, y in rows])


class TicketModel(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.tok, self.pos = nn.Embedding(c.vocab, c.d), nn.Parameter(torch.randn(c.max_len, c.d) * 0.1)
        layer = nn.TransformerEncoderLayer(c.d, c.heads, 64, dropout=0.1, batch_first=True)
        self.enc = nn.TransformerEncoder(layer, c.layers, enable_nested_tensor=False)
        self.cls = nn.Linear(c.d, 2)

    def forward(self, ids, mask):
        h = self.enc(self.tok(ids) + self.pos, src_key_padding_mask=mask)
        return self.cls(h[:, 0])


train = [ticket() for _ in range(1700)]
val = collate([ticket() for _ in range(500)])
model = TicketModel(cfg)
opt = torch.optim.AdamW(model.parameters(), lr=cfg.lr)
for epoch in range(cfg.epochs):
    model.train(); random.shuffle(train); tot = n = 0
    for i in range(0, len(train), cfg.bs):
        ids, mask, y = collate(train[i:i + cfg.bs])
        loss = nn.functional.cross_entropy(model(ids, mask), y)
        opt.zero_grad(); loss.backward(); opt.step()
        tot += loss.item(); n += 1
    model.eval()
    with torch.no_grad():
        acc = (model(val[0], val[1]).argmax(1) == val[2]).float().mean().item()
    print(f"epoch {epoch}: train loss {tot/n:.4f}, val acc {acc:.3f}")
print(f"metric val_acc {acc:.4f}")
