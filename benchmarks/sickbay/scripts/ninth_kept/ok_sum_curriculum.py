"""Running-parity of bit strings: the strings get longer as training goes on."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(6)


class Parity(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(1, 24, batch_first=True)
        self.out = nn.Linear(24, 1)

    def forward(self, x):
        return self.out(self.rnn(x)[0]).squeeze(-1)


def bits(n, length):
    b = torch.randint(0, 2, (n, length)).float()
    return b[..., None] * 2 - 1, b.cumsum(1) % 2


net = Parity()
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
vx, vy = bits(300, 40)
step = 0
for length in (3, 6, 12, 24, 40):
    for _ in range(250):
        x, y = bits(48, length)
        loss = F.binary_cross_entropy_with_logits(net(x), y)
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        opt.step()
        step += 1
        if step % 50 == 0:
            with torch.no_grad():
                acc = ((net(vx) > 0).float() == vy)[:, -1].float().mean().item()
            print(f"step {step} length {length} loss {loss.item():.4f} acc@40 {acc:.3f}")
print("metric last_bit_acc %.4f" % acc)
