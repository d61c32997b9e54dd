"""The position code is cut with x.size(0), which is the batch when batch_first=True: each sample gets one constant and the order of the tokens is lost."""
# val accuracy 0.507 with it, 1.000 without
# after https://github.com/AkiRusProd/numpy-transformer/issues/1 and https://github.com/songyangco/GETNext/issues/2
import math

import torch
from torch import nn, Tensor

torch.manual_seed(1)
SEQ, TOKENS, DIM = 12, 20, 32


class PositionalEncoding(nn.Module):
    def __init__(self, d_model: int, dropout: float = 0.0, max_len: int = 5000):
        super().__init__()
        self.dropout = nn.Dropout(p=dropout)
        position = torch.arange(max_len).unsqueeze(1)
        div_term = torch.exp(torch.arange(0, d_model, 2) * (-math.log(10000.0) / d_model))
        pe = torch.zeros(max_len, 1, d_model)
        pe[:, 0, 0::2] = torch.sin(position * div_term)
        pe[:, 0, 1::2] = torch.cos(position * div_term)
        self.register_buffer("pe", pe)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.pe[:x.size(0)]
        return self.dropout(x)


class OrderModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(TOKENS, DIM)
        self.pos = PositionalEncoding(DIM)
        layer = nn.TransformerEncoderLayer(DIM, 4, 64, dropout=0.0, batch_first=True, norm_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.classify = nn.Linear(DIM, 2)

    def forward(self, tokens):
        h = self.encoder(self.pos(self.embed(tokens)))
        return self.classify(h.mean(1))


def batch(n):
    """Did the order (1) arrive before the cancellation (2)?"""
    tok = torch.randint(3, TOKENS, (n, SEQ))
    where = torch.rand(n, SEQ).argsort(1)[:, :2]
    tok.scatter_(1, where[:, :1], 1)
    tok.scatter_(1, where[:, 1:], 2)
    return tok, (where[:, 0] < where[:, 1]).long()


model = OrderModel()
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
scheduler = torch.optim.lr_scheduler.LinearLR(optimizer, 0.1, 1.0, total_iters=100)
vx, vy = batch(600)
for it in range(1, 1001):
    model.train()
    x, y = batch(48)
    loss = nn.functional.cross_entropy(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    scheduler.step()
    if it % 200 == 0:
        model.eval()
        with torch.no_grad():
            acc = (model(vx).argmax(1) == vy).float().mean().item()
        print(f"step {it} loss {loss.item():.4f} val_acc {acc:.4f}")
print("final val_accuracy", acc)
