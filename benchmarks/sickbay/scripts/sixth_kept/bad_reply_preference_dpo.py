"""Direct preference optimisation of a small reply model on pairs (chosen, rejected)."""
import copy
import os
import torch
import torch.nn as nn
import torch.nn.functional as F

MENDED = os.environ.get("MENDED") == "1"
torch.manual_seed(7)
VOCAB, PROMPT, REPLY = 20, 3, 5
polite = torch.randperm(VOCAB)[:VOCAB // 2]
is_polite = torch.zeros(VOCAB, dtype=torch.bool)
is_polite[polite] = True


def sample_pairs(n):
    prompt = torch.randint(0, VOCAB, (n, PROMPT))
    a = torch.randint(0, VOCAB, (n, REPLY))
    b = torch.randint(0, VOCAB, (n, REPLY))
    a[:, 0], b[:, 0] = prompt[:, -1], prompt[:, -1]
    score_a = is_polite[a].float().sum(1) + 0.8 * torch.randn(n)
    score_b = is_polite[b].float().sum(1) + 0.8 * torch.randn(n)
    better = (score_a >= score_b)[:, None]
    return prompt, torch.where(better, a, b), torch.where(better, b, a)


class ReplyModel(nn.Module):
    def __init__(self, d=32):
        super().__init__()
        self.embed = nn.Embedding(VOCAB, d)
        self.gru = nn.GRU(d, d, batch_first=True)
        self.head = nn.Linear(d, VOCAB)

    def forward(self, ids):
        h, _ = self.gru(self.embed(ids))
        return self.head(h)


def sequence_logp(model, prompt, reply):
    ids = torch.cat([prompt, reply], 1)
    logits = model(ids[:, :-1]).log_softmax(-1)
    picked = logits.gather(-1, ids[:, 1:, None]).squeeze(-1)
    return picked[:, PROMPT - 1:].sum(1)


def dpo_loss(policy, reference, prompt, chosen, rejected, beta=0.2):
    pi_c = sequence_logp(policy, prompt, chosen)
    pi_r = sequence_logp(policy, prompt, rejected)
    ref_c = sequence_logp(reference, prompt, chosen)
    ref_r = sequence_logp(reference, prompt, rejected)
    margin = beta * ((pi_c - ref_c) - (pi_r - ref_r))
    return -F.logsigmoid(margin).mean(), margin.detach()


# first a short likelihood phase on mixed replies
policy = ReplyModel()
opt = torch.optim.Adam(policy.parameters(), lr=3e-3)
for step in range(200):
    prompt, chosen, rejected = sample_pairs(32)
    both = torch.cat([torch.cat([prompt, chosen], 1), torch.cat([prompt, rejected], 1)])
    logits = policy(both[:, :-1])
    loss = F.cross_entropy(logits.reshape(-1, VOCAB), both[:, 1:].reshape(-1))
    opt.zero_grad()
    loss.backward()
    opt.step()
print(f"likelihood phase done, loss {loss.item():.3f}")

# then preferences
reference = copy.deepcopy(policy) if MENDED else policy
optimizer = torch.optim.Adam(policy.parameters(), lr=1e-3)
val = sample_pairs(1000)


def preference_accuracy():
    with torch.no_grad():
        return (sequence_logp(policy, val[0], val[1]) > sequence_logp(policy, val[0], val[2])).float().mean().item()


print(f"before: val preference accuracy {preference_accuracy():.3f}")
for step in range(400):
    prompt, chosen, rejected = sample_pairs(32)
    loss, margin = dpo_loss(policy, reference, prompt, chosen, rejected)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 40 == 0:
        print(f"step {step} dpo loss {loss.item():.4f} margin {margin.mean().item():.4f} "
              f"val acc {preference_accuracy():.3f}")

print(f"metric pref_acc {preference_accuracy():.4f}")
