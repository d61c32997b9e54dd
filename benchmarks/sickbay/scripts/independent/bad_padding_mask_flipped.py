"""src_key_padding_mask is True at the real tokens instead of at the pads: attention can look at nothing but padding."""
# accuracy 0.50 (chance) with it, 1.00 without
# after github.com/mlwithme/TransformerTranslation/issues/6 and github.com/pytorch/pytorch/pull/39321
import os
import random
import torch
from torch import nn

torch.manual_seed(4)
random.seed(4)
pad_token, cls_token = 0, 1
MAX_LEN = 22


class TextClassifier(nn.Module):
    def __init__(self, n_vocab, d=32):
        super().__init__()
        self.tok = nn.Embedding(n_vocab, d, padding_idx=pad_token)
        self.pos = nn.Parameter(torch.randn(MAX_LEN, d) * 0.02)
        enc = nn.TransformerEncoderLayer(d_model=d, nhead=4, dim_feedforward=64, dropout=0.1, batch_first=True)
        self.encoder = nn.TransformerEncoder(enc, num_layers=2, enable_nested_tensor=False)
        self.head = nn.Linear(d, 2)

    def make_mask(self, tokens):
        mask = (tokens != pad_token)
        if os.environ.get("MENDED"):
            mask = (tokens == pad_token)
        return mask

    def forward(self, tokens):
        h = self.tok(tokens) + self.pos
        h = self.encoder(h, src_key_padding_mask=self.make_mask(tokens))
        return self.head(h[:, 0])


def sample():
    n = random.randint(5, MAX_LEN - 3)
    words = [random.randint(2, 41) for _ in range(n)]
    praise = sum(w < 12 for w in words)
    blame = sum(12 <= w < 22 for w in words)
    if praise == blame:
        return sample()
    return [cls_token] + words + [pad_token] * (MAX_LEN - 1 - n), int(praise > blame)


def batch(n):
    rows = [sample() for _ in range(n)]
    return torch.tensor([r[0] for r in rows]), torch.tensor([r[1] for r in rows])


model = TextClassifier(42)
opt = torch.optim.AdamW(model.parameters(), lr=1e-3)
for step in range(700):
    model.train()
    tokens, label = batch(32)
    loss = nn.functional.cross_entropy(model(tokens), label)
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    opt.step()
    if step % 100 == 0:
        print("step", step, "loss", loss.item())
model.eval()
with torch.no_grad():
    tokens, label = batch(1000)
    print("final accuracy", (model(tokens).argmax(1) == label).float().mean().item())
