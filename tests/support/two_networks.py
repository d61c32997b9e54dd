"""A training of two small networks, each in a process of its own."""

from pathlib import Path

from tests.support.lists import made_items


def write_two_networks(folder: Path, steps: int) -> list[str]:
    """Write a list and its options into the folder; give the arguments of `moreish` that train them into `run`."""
    part = 'name = "gru"\nn_hidden = 6\nn_embd = 4\n'
    parts = "".join(f"[[model.components]]\n{part}seed = {seed}\n" for seed in (0, 1))
    train = f"[train]\nsteps = {steps}\nbatch_size = 32\nlog_every = 2\neval_every = 6\nprocesses = 2\n"
    (folder / "two.toml").write_text(f'[model]\nname = "mixture"\n{parts}{train}', encoding="utf-8")
    (folder / "list.txt").write_text("\n".join(made_items(200)), encoding="utf-8")
    return ["train", "list.txt", "--config", "two.toml", "--out", "run", "-q"]
