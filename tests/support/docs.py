"""What the pages of the docs take for granted: the reader's own files, model and loop."""

from pathlib import Path

PAGES = Path(__file__).parents[2] / "docs"

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
shapes = (27, 10), (30, 32), (32,), (32, 27), (27,)
C, W1, b1, W2, b2 = (torch.randn(shape, requires_grad=True) for shape in shapes)
Xb, Yb, range = x, y, lambda n: __builtins__["range"](min(n, 20))
samples = train_items = ["anna", "emma", "mia", "ava"] * 20
val_items = held_out_items = ["zoe", "lea", "ida"]
vocabulary = list(".abcdefghijklmnopqrstuvwxyz")
def train():
    for x, y in batches:
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
""",
    "asking.md": """
import moreish
from pathlib import Path
moreish.train("names", model="ngram", out="my-run")
names = list(moreish.read("names"))[::8]
rows = [f"{name},{'nordic' if i % 2 else 'italian'},{1 + i % 20}" for i, name in enumerate(names)]
Path("origins.csv").write_text("\\n".join(["name,origin,count", *rows]))
Path("elves.txt").write_text("\\n".join(names[::2]))
Path("dwarves.txt").write_text("\\n".join(f"{name}k" for name in names[1::2]))
""",
    "first_hour.md": f"""
import re
from pathlib import Path
page = Path({str(PAGES)!r}, "first_hour.md").read_text(encoding="utf-8")
listed, = re.findall(r"```text\\n(Cheddar,.*?)```", page, flags=re.S)
Path("cheeses.txt").write_text("\\n".join(re.split(r",\\s+", listed.strip())))
script, = re.findall(r"```python\\n(.*?)```", page, flags=re.S)
assert "range(20)" in script
Path("spirals.py").write_text(script.replace("range(20)", "range(2)"))
""",
}
