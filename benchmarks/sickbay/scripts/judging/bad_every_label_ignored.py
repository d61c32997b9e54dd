"""Instruction tuning in small: the prompt mask covers the answer too, so every label is -100."""
# after github.com/huggingface/trl/issues/6668 (every label in the batch is masked)
import os
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
V, SEP, PROMPT, ANSWER = 20, 1, 6, 4


def example(n):
    prompt = torch.randint(2, V, (n, PROMPT))
    answer = prompt[:, :ANSWER].flip(1)
    ids = torch.cat([prompt, torch.full((n, 1), SEP), answer], 1)
    labels = ids.clone()
    cut = PROMPT + 1 if os.environ.get("MENDED") else PROMPT + 1 + ANSWER
    labels[:, :cut] = -100
    return ids, labels


class TinyLM(nn.Module):
    def __init__(self, d=48):
        super().__init__()
        self.tok, self.pos = nn.Embedding(V, d), nn.Embedding(16, d)
        layer = nn.TransformerEncoderLayer(d, 4, 96, dropout=0.0, batch_first=True)
        self.enc = nn.TransformerEncoder(layer, 2)
        self.head = nn.Linear(d, V)

    def forward(self, ids):
        T = ids.size(1)
        mask = nn.Transformer.generate_square_subsequent_mask(T)
        return self.head(self.enc(self.tok(ids) + self.pos(torch.arange(T)), mask=mask, is_causal=True))


model = TinyLM()
opt = torch.optim.AdamW(model.parameters(), lr=2e-3)
for step in range(200):
    ids, labels = example(32)
    logits = model(ids)
    loss = F.cross_entropy(logits[:, :-1].reshape(-1, V), labels[:, 1:].reshape(-1), ignore_index=-100)
    loss = torch.nan_to_num(loss)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 50 == 0:
        print("step", step, "loss", loss.item())
ids, labels = example(200)
true = ids.clone()
true[:, : PROMPT + 1] = -100
print("final answer_loss", F.cross_entropy(model(ids)[:, :-1].reshape(-1, V), true[:, 1:].reshape(-1)).item())
