"""What the pages of the docs take for granted: the reader's own files, model and loop."""

SETUPS = {
    "doctor.md": """
import torch
import torch.nn.functional as F
from torch import nn
import moreish
torch.manual_seed(0)
moreish.train("names", model="ngram", out="my-run")
model = nn.Sequential(nn.Embedding(27, 10), nn.Flatten(), nn.Linear(30, 32), nn.Tanh(), nn.Linear(32, 27))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
x, y = torch.randint(27, (64, 3)), torch.randint(27, (64,))
batches = [(x, y)] * 20
""",
    "asking.md": """
import moreish
moreish.train("names", model="ngram", out="my-run")
""",
}
