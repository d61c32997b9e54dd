"""Well: a transformer encoder over padded texts with a long warm-up; for the first hundred steps the rate is tiny and the loss flat."""
# neighbour of the flipped padding mask and of the hot learning rate; here True marks the pads and the peak rate is modest
import random
import torch
from torch import nn

random.seed(6)
torch.manual_seed(6)
PAD, CLS, V, LEN = 0, 1, 60, 26


def text():
    n = random.randint(6, LEN - 1)
    ids = [random.randint(2, V - 1) for _ in range(n)]
    s = sum((w % 5 == 0) - (w % 5 == 1) for w in ids)
    if s == 0:
        return text()
    return [CLS] + ids + [PAD] * (LEN - 1 - n), int(s > 0)


def batch(n):
    rows = [text() for _ in range(n)]
    return torch.tensor([r[0] for r in rows]), torch.tensor([r[1] for r in rows])


class Encoder(nn.Module):
    def __init__(self, d=32):
        super().__init__()
        self.emb = nn.Embedding(V, d, padding_idx=PAD)
        self.pos = nn.Parameter(0.02 * torch.randn(LEN, d))
        layer = nn.TransformerEncoderLayer(d, 4, 64, dropout=0.1, batch_first=True)
        self.enc = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.out = nn.Linear(d, 2)

    def forward(self, ids):
        h = self.enc(self.emb(ids) + self.pos, src_key_padding_mask=ids.eq(PAD))
        return self.out(h[:, 0])


model, STEPS, WARM = Encoder(), 600, 150
opt = torch.optim.AdamW(model.parameters(), lr=2e-3, betas=(0.9, 0.98))
sched = torch.optim.lr_scheduler.LambdaLR(opt, lambda s: max(1e-4, (s / WARM) ** 2) if s < WARM else (WARM / (s + 1)) ** 0.5)
for step in range(STEPS):
    model.train()
    ids, y = batch(32)
    loss = nn.functional.cross_entropy(model(ids), y)
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    opt.step()
    sched.step()
    if step % 100 == 0:
        print("step", step, "lr", f"{sched.get_last_lr()[0]:.2e}", "loss", round(loss.item(), 4))
model.eval()
with torch.no_grad():
    ids, y = batch(1000)
    print("final accuracy", (model(ids).argmax(1) == y).float().mean().item())
