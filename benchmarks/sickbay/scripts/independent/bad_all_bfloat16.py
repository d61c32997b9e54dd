"""The whole model is cast to bfloat16 and trained with a small learning rate: most updates are rounded away against the weights."""
# validation accuracy 0.60 with it, 0.81 without (autocast, weights in float32)
# after github.com/vllm-project/speculators/pull/765 and github.com/workofart/ml-by-hand/pull/85
import os
import torch
from torch import nn

torch.manual_seed(77)
MENDED = os.environ.get("MENDED")

N, V, L, D = 2400, 50, 16, 48
tok = torch.randint(0, V, (N, L))
score = torch.randn(V)
label = (score[tok].sum(1) > 0).long()
train_tok, train_y, val_tok, val_y = tok[:2000], label[:2000], tok[2000:], label[2000:]


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(V, D)
        self.norm1 = nn.LayerNorm(D)
        self.ff = nn.Sequential(nn.Linear(D, 96), nn.GELU(), nn.Linear(96, D))
        self.norm2 = nn.LayerNorm(D)
        self.out = nn.Linear(D, 2)

    def forward(self, t):
        h = self.norm1(self.emb(t))
        h = self.norm2(h + self.ff(h))
        return self.out(h.mean(1))


model = Encoder()
if not MENDED:
    model = model.to(torch.bfloat16)
optimizer = torch.optim.SGD(model.parameters(), lr=1e-3, momentum=0.9)
step = 0
for epoch in range(30):
    for idx in torch.randperm(2000).split(40):
        if MENDED:
            with torch.autocast("cpu", dtype=torch.bfloat16):
                logits = model(train_tok[idx])
        else:
            logits = model(train_tok[idx])
        loss = nn.functional.cross_entropy(logits.float(), train_y[idx])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        step += 1
    if epoch % 5 == 4:
        with torch.no_grad():
            out = model(val_tok).float()
            print(f"epoch {epoch + 1} loss {loss.item():.4f} val {(out.argmax(1) == val_y).float().mean().item():.4f}")
print("final val_accuracy", (out.argmax(1) == val_y).float().mean().item(), "val_loss", nn.functional.cross_entropy(out, val_y).item())
