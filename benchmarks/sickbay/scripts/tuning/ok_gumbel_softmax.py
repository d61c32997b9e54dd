"""A discrete autoencoder with Gumbel-softmax and a falling temperature."""
import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(0)
protos = torch.randn(8, 12) * 2
enc = nn.Sequential(nn.Linear(12, 48), nn.ReLU(), nn.Linear(48, 3 * 4))
dec = nn.Sequential(nn.Linear(12, 48), nn.ReLU(), nn.Linear(48, 12))
opt = torch.optim.Adam([*enc.parameters(), *dec.parameters()], lr=3e-3)
for step in range(700):
    x = protos[torch.randint(0, 8, (64,))] + 0.2 * torch.randn(64, 12)
    tau = max(0.4, 2.0 * 0.995**step)
    z = F.gumbel_softmax(enc(x).view(-1, 3, 4), tau=tau, hard=step % 2 == 0)
    loss = F.mse_loss(dec(z.flatten(1)), x)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 140 == 0:
        print(step, round(tau, 2), loss.item())
print("final rec", loss.item())
