"""After the discriminator's loss is propagated it is the generator's optimizer that steps, so the discriminator never learns and the generator chases a random function."""
# sliced distance 43 with it, 0.05 without
# after https://github.com/Lornatang/SRGAN-PyTorch/issues/85 and https://github.com/Lornatang/ESRGAN-PyTorch/issues/39
import math

import torch
from torch import nn, optim


class Generator(nn.Module):
    def __init__(self, z_dim: int = 8) -> None:
        super().__init__()
        self.main = nn.Sequential(nn.Linear(z_dim, 64), nn.LeakyReLU(0.2), nn.Linear(64, 64), nn.LeakyReLU(0.2), nn.Linear(64, 2))

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return self.main(z)


class Discriminator(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.main = nn.Sequential(nn.Linear(2, 64), nn.LeakyReLU(0.2), nn.Linear(64, 64), nn.LeakyReLU(0.2), nn.Linear(64, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.main(x)


def real_batch(n: int) -> torch.Tensor:
    angle = torch.rand(n) * math.pi
    moon = torch.stack([angle.cos(), angle.sin()], 1) * 1.5 + torch.tensor([0.8, -1.0])
    return moon + 0.08 * torch.randn(n, 2)


def sliced_distance(a: torch.Tensor, b: torch.Tensor, n_proj: int = 64) -> float:
    w = torch.randn(2, n_proj)
    w = w / w.norm(dim=0)
    return ((a @ w).sort(0).values - (b @ w).sort(0).values).abs().mean().item()


def main() -> None:
    torch.manual_seed(0)
    g_model, d_model = Generator(), Discriminator()
    g_optimizer = optim.Adam(g_model.parameters(), lr=2e-4, betas=(0.5, 0.999))
    d_optimizer = optim.Adam(d_model.parameters(), lr=4e-4, betas=(0.5, 0.999))
    adversarial_criterion = nn.BCEWithLogitsLoss()
    batch_size = 128
    real_label = torch.full([batch_size, 1], 1.0)
    fake_label = torch.full([batch_size, 1], 0.0)

    for it in range(2600):
        gt = real_batch(batch_size)
        sr = g_model(torch.randn(batch_size, 8))

        for p in d_model.parameters():
            p.requires_grad = False
        g_model.zero_grad(set_to_none=True)
        g_loss = adversarial_criterion(d_model(sr), real_label)
        g_loss.backward()
        g_optimizer.step()

        for p in d_model.parameters():
            p.requires_grad = True
        d_model.zero_grad(set_to_none=True)
        d_loss_gt = adversarial_criterion(d_model(gt), real_label)
        d_loss_gt.backward()
        d_loss_sr = adversarial_criterion(d_model(sr.detach()), fake_label)
        d_loss_sr.backward()
        d_loss = d_loss_gt + d_loss_sr
        g_optimizer.step()

        if it % 300 == 0:
            print(f"[{it}/2600] D loss {d_loss.item():.4f} G loss {g_loss.item():.4f}")

    with torch.no_grad():
        fake = g_model(torch.randn(2000, 8))
    print(f"sliced distance to the data {sliced_distance(fake, real_batch(2000)):.4f}")


if __name__ == "__main__":
    main()
