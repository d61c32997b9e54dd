"""A tiny causal language model that shifts its labels inside, fed with labels already shifted by the data set."""
# after github.com/RRHF issues 49 and github.com/huggingface/transformers/pull/44642
import os
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset

torch.manual_seed(0)
g = torch.Generator().manual_seed(5)
V = 18
P = torch.softmax(3.5 * torch.randn(V, V, generator=g), -1)
stream = [0]
for _ in range(9000):
    stream.append(int(torch.multinomial(P[stream[-1]], 1, generator=g)))
stream = torch.tensor(stream)


class Blocks(Dataset):
    def __init__(self, T=20):
        self.T = T

    def __len__(self):
        return (len(stream) - 1) // self.T

    def __getitem__(self, i):
        a = i * self.T
        x = stream[a : a + self.T]
        shift = 0 if os.environ.get("MENDED") else 1
        return {"input_ids": x, "labels": stream[a + shift : a + shift + self.T]}


class CausalLM(nn.Module):
    def __init__(self, d=40):
        super().__init__()
        self.wte = nn.Embedding(V, d)
        self.rnn = nn.GRU(d, d, batch_first=True)
        self.lm_head = nn.Linear(d, V)

    def forward(self, input_ids, labels=None):
        logits = self.lm_head(self.rnn(self.wte(input_ids))[0])
        loss = None
        if labels is not None:
            loss = F.cross_entropy(logits[:, :-1].reshape(-1, V), labels[:, 1:].reshape(-1))
        return loss, logits


model = CausalLM()
opt = torch.optim.AdamW(model.parameters(), lr=5e-3)
for epoch in range(12):
    for batch in DataLoader(Blocks(), batch_size=30, shuffle=True):
        loss, _ = model(**batch)
        loss.backward()
        opt.step()
        opt.zero_grad()
    print("epoch", epoch, "loss", round(loss.item(), 4))
ids = stream[:8000].view(-1, 20)
_, logits = model(ids)
print("final next_token_loss", F.cross_entropy(logits[:, :-1].reshape(-1, V), ids[:, 1:].reshape(-1)).item())
