"""Supervised tuning of a tiny decoder-only language model on counting stories."""
import os
import random
import torch
import torch.nn as nn
import torch.nn.functional as F

MENDED = os.environ.get("MENDED") == "1"
torch.manual_seed(6)
random.seed(6)
VOCAB, LEN, IGNORE = 24, 18, -100
PAD = 0


def make_story():
    """prompt: start and stride, then the walk that they define"""
    start, stride = random.randint(1, VOCAB - 1), random.randint(1, 4)
    walk = [(start - 1 + stride * k) % (VOCAB - 1) + 1 for k in range(random.randint(10, LEN))]
    return walk


def collate(stories):
    input_ids = torch.full((len(stories), LEN), PAD)
    labels = torch.full((len(stories), LEN), IGNORE)
    for i, s in enumerate(stories):
        ids = torch.tensor(s)
        input_ids[i, :len(s)] = ids
        if MENDED:
            labels[i, :len(s)] = ids
        else:
            labels[i, :len(s) - 1] = ids[1:]
    return input_ids, labels


class Block(nn.Module):
    def __init__(self, d, heads):
        super().__init__()
        self.heads = heads
        self.ln1, self.ln2 = nn.LayerNorm(d), nn.LayerNorm(d)
        self.qkv, self.proj = nn.Linear(d, 3 * d), nn.Linear(d, d)
        self.mlp = nn.Sequential(nn.Linear(d, 3 * d), nn.GELU(), nn.Linear(3 * d, d))

    def forward(self, x):
        B, T, D = x.shape
        q, k, v = self.qkv(self.ln1(x)).view(B, T, 3, self.heads, D // self.heads).permute(2, 0, 3, 1, 4)
        a = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.proj(a.transpose(1, 2).reshape(B, T, D))
        return x + self.mlp(self.ln2(x))


class TinyCausalLM(nn.Module):
    def __init__(self, d=48, layers=2, heads=4):
        super().__init__()
        self.tok = nn.Embedding(VOCAB, d)
        self.pos = nn.Embedding(LEN, d)
        self.blocks = nn.ModuleList([Block(d, heads) for _ in range(layers)])
        self.ln = nn.LayerNorm(d)
        self.lm_head = nn.Linear(d, VOCAB, bias=False)

    def forward(self, input_ids, labels=None):
        x = self.tok(input_ids) + self.pos(torch.arange(input_ids.shape[1]))
        for b in self.blocks:
            x = b(x)
        logits = self.lm_head(self.ln(x))
        if labels is None:
            return logits, None
        loss = F.cross_entropy(logits[:, :-1].reshape(-1, VOCAB), labels[:, 1:].reshape(-1), ignore_index=IGNORE)
        return logits, loss


@torch.no_grad()
def generate_accuracy(model, n=200):
    """give four tokens, write six more, compare with the true walk"""
    model.eval()
    stories = [s for s in (make_story() for _ in range(2 * n)) if len(s) >= 10][:n]
    truth = torch.tensor([s[:10] for s in stories])
    ids = truth[:, :4]
    while ids.shape[1] < 10:
        logits, _ = model(ids)
        ids = torch.cat([ids, logits[:, -1].argmax(-1, keepdim=True)], 1)
    model.train()
    return (ids[:, 4:] == truth[:, 4:]).float().mean().item()


model = TinyCausalLM()
opt = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.01)
STEPS = 700
sched = torch.optim.lr_scheduler.LambdaLR(opt, lambda s: min(1.0, (s + 1) / 50) * (1 - 0.9 * s / STEPS))
for step in range(STEPS):
    input_ids, labels = collate([make_story() for _ in range(32)])
    _, loss = model(input_ids, labels)
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    opt.step()
    sched.step()
    if step % 50 == 0:
        print(f"step {step} loss {loss.item():.4f}")

print(f"metric gen_acc {generate_accuracy(model):.4f}")
