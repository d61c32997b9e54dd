# Tiny "chat" model: prompt = intent word + slot word, reply = a fixed template
# of the intent with the slot copied in.  Decoder-only GRU, loss on the reply.
import os, random
import torch, torch.nn as nn, torch.nn.functional as F

MENDED = bool(os.environ.get("MENDED"))
random.seed(1)
torch.manual_seed(1)

intents = ["where", "price", "open", "parking", "refund", "menu", "delivery", "contact"]
slots = ["paris", "rome", "oslo", "kyoto", "lima", "cairo", "delhi", "quito", "perth", "turin", "basel", "milan",
         "porto", "accra", "seoul", "dubai", "tunis", "sofia", "hanoi", "leeds", "ghent", "graz", "malmo", "nice"]
templates = {
    "where": "the shop in {s} is near the station",
    "price": "in {s} it costs ten",
    "open": "{s} opens at nine every day except sunday",
    "parking": "no parking in {s}",
    "refund": "please bring the receipt to the {s} desk",
    "menu": "soup and bread in {s}",
    "delivery": "we send to {s} within two days",
    "contact": "call {s}",
}
words = sorted({w for t in templates.values() for w in t.split() if w != "{s}"} | set(intents) | set(slots))
stoi = {w: i + 2 for i, w in enumerate(words)}
SEP, EOS = 0, 1
PAD = EOS
V = len(words) + 2


def encode(intent, slot):
    prompt = [stoi[intent], stoi[slot], SEP]
    reply = [stoi[w] for w in templates[intent].format(s=slot).split()] + [EOS]
    return prompt, reply


pairs = [(i, s) for i in intents for s in slots]
random.shuffle(pairs)
train_pairs, val_pairs = pairs[:150], pairs[150:]


def collate(batch):
    seqs = [encode(*p) for p in batch]
    L = max(len(p) + len(r) for p, r in seqs)
    ids = torch.full((len(seqs), L), PAD)
    labels = torch.full((len(seqs), L), -100)
    for k, (p, r) in enumerate(seqs):
        full = p + r
        ids[k, :len(full)] = torch.tensor(full)
        stop = len(full) if MENDED else L
        labels[k, len(p):stop] = ids[k, len(p):stop]
        if not MENDED:
            labels[k][ids[k] == PAD] = -100
    return ids, labels


class LM(nn.Module):
    def __init__(self, d=64, h=128):
        super().__init__()
        self.emb = nn.Embedding(V, d)
        self.rnn = nn.GRU(d, h, batch_first=True)
        self.drop = nn.Dropout(0.3)
        self.out = nn.Linear(h, V)

    def forward(self, ids):
        return self.out(self.drop(self.rnn(self.drop(self.emb(ids)))[0]))


def generate(model, prompt, max_new=20):
    ids = list(prompt)
    for _ in range(max_new):
        nxt = model(torch.tensor([ids]))[0, -1].argmax().item()
        ids.append(nxt)
        if nxt == EOS:
            break
    return ids[len(prompt):]


model = LM()
opt = torch.optim.AdamW(model.parameters(), lr=3e-3)
for step in range(1, 501):
    ids, labels = collate(random.sample(train_pairs, 24))
    logits = model(ids)
    loss = F.cross_entropy(logits[:, :-1].reshape(-1, V), labels[:, 1:].reshape(-1), ignore_index=-100)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 50 == 0:
        print(f"step {step} loss {loss.item():.4f}")

model.eval()
good = 0
with torch.no_grad():
    for k, pr in enumerate(val_pairs):
        p, r = encode(*pr)
        g = generate(model, p)
        good += g == r
        if k < 3:
            itos = {v: w for w, v in stoi.items()}
            print(pr, "->", " ".join(itos.get(t, "</s>" if t == EOS else "|") for t in g))
print(f"metric val_exact_match {good / len(val_pairs):.4f}")
