"""A Transformer encoder on padded sentences: sinusoidal places, key padding mask, mean over what is not padding."""
import math

import torch
import torch.nn as nn

torch.manual_seed(0)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(20, 32, padding_idx=0)
        t, k = torch.arange(20)[:, None], torch.exp(torch.arange(0, 32, 2) * (-math.log(10000.0) / 32))
        self.register_buffer("pe", torch.stack([torch.sin(t * k), torch.cos(t * k)], 2).flatten(1))
        layer = nn.TransformerEncoderLayer(32, 4, 64, dropout=0.1, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Linear(32, 3)

    def forward(self, x):
        padding = x == 0
        h = self.encoder(self.embedding(x) + self.pe[: x.shape[1]], src_key_padding_mask=padding)
        keep = (~padding)[:, :, None]
        return self.head((h * keep).sum(1) / keep.sum(1))


def batch(n):
    length = torch.randint(4, 13, (n,))
    x = torch.randint(1, 20, (n, 12)) * (torch.arange(12) < length[:, None])
    return x, (x[:, 0] + (x[:, 1] > 9) * 7) % 3


model = Classifier()
optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.01)
plan = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda n: min((n + 1) / 40, 1 - n / 520))
for step in range(500):
    model.train()
    x, y = batch(48)
    loss = nn.functional.cross_entropy(model(x), y, label_smoothing=0.05)
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    plan.step()
    if step % 100 == 99:
        model.eval()
        with torch.no_grad():
            x, y = batch(300)
            print(step, loss.item(), (model(x).argmax(1) == y).float().mean().item())
