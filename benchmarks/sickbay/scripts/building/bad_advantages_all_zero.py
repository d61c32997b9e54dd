"""Group-relative policy optimisation with one answer in each group: reward minus the group's mean is 0 for ever."""
# after github.com/alibaba/ROLL/issues/397
import os

import torch
import torch.nn as nn

torch.manual_seed(0)
GROUP = 8 if os.environ.get("MENDED") else 1
policy = nn.Sequential(nn.Embedding(12, 24), nn.Linear(24, 48), nn.ReLU(), nn.Linear(48, 12))
optimizer = torch.optim.Adam(policy.parameters(), lr=3e-3)


def reward(prompt, answer):
    return (answer == (prompt * 5 + 3) % 12).float()


seen = []
for step in range(400):
    prompts = torch.randint(0, 12, (64 // GROUP,)).repeat_interleave(GROUP)
    choice = torch.distributions.Categorical(logits=policy(prompts))
    answers = choice.sample()
    rewards = reward(prompts, answers).view(-1, GROUP)
    advantages = (rewards - rewards.mean(1, keepdim=True)).flatten()
    loss = -(choice.log_prob(answers) * advantages).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    seen.append(rewards.mean().item())
    if step % 100 == 0:
        print(step, loss.item(), seen[-1])
print("final lost_reward", 1 - sum(seen[-20:]) / 20)
