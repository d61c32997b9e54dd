"""An example graph: its gradients, its picture, its backward pass told step by step; or the two moons."""

import argparse
import random
import sys
from collections.abc import Sequence
from pathlib import Path

from moreish.scalar import moons, nn
from moreish.scalar.boundary import draw_boundary
from moreish.scalar.draw import to_dot, to_svg
from moreish.scalar.examples import EXAMPLES
from moreish.scalar.trace import narrate
from moreish.scalar.value import Value, topological_order


def parser() -> argparse.ArgumentParser:
    """What can be asked for."""
    arguments = argparse.ArgumentParser(prog="python -m moreish.scalar", description=__doc__)
    arguments.add_argument("example", nargs="?", choices=EXAMPLES, default="expression", help="which graph")
    arguments.add_argument("--trace", action="store_true", help="tell the backward pass step by step")
    arguments.add_argument("--svg", type=Path, metavar="FILE", help="draw the graph")
    arguments.add_argument("--dot", type=Path, metavar="FILE", help="write the graph as DOT text")
    arguments.add_argument("--moons", type=Path, metavar="FILE", help="train on two moons, draw the boundary as SVG")
    arguments.add_argument("--seed", type=int, default=0, help="of the moons and their net (%(default)s)")
    arguments.add_argument("--steps", type=int, default=100, help="of training (%(default)s)")
    return arguments


def main(argv: Sequence[str] | None = None) -> int:
    """Do what the words ask; the exit code."""
    chosen = parser().parse_args(argv)
    try:
        if chosen.moons:
            with chosen.moons.open("w", encoding="utf-8") as file:  # now, not when the training is over
                file.write(train_on_moons(chosen.seed, chosen.steps))
        else:
            show(EXAMPLES[chosen.example](), chosen.trace, chosen.svg, chosen.dot)
    except OSError as error:
        print(f"moreish: cannot write {error.filename}: {error.strerror}", file=sys.stderr)
        return 2
    return 0


def show(root: Value, trace: bool, svg: Path | None, dot: Path | None) -> None:
    """The value and the gradients of the labelled leaves, then whatever else is wanted."""
    if trace:
        print(*narrate(root), sep="\n")
    else:
        root.backward()
    print(f"{root.label} = {root.data:.4f}")
    for leaf in topological_order(root):
        if leaf.label and not leaf.edges:
            print(f"d{root.label}/d{leaf.label} = {leaf.grad:.4f}")
    if svg:
        svg.write_text(to_svg(root), encoding="utf-8")
    if dot:
        dot.write_text(to_dot(root), encoding="utf-8")


def train_on_moons(seed: int, steps: int) -> str:
    """Train a 2-16-16-1 net, saying how it goes; the picture of what it learned."""
    points = moons.two_moons(100, 0.1, random.Random(f"{seed} points"))
    model = nn.MLP(2, [16, 16, 1], "relu", generator=random.Random(f"{seed} net"))
    print(f"{len(points)} points, {len(model.parameters())} parameters")
    for record in moons.train(model, points, steps):
        if record.step % 10 == 0 or record.step == steps:
            print(f"step {record.step:3}  loss {record.loss:.4f}  accuracy {record.accuracy:.0%}", flush=True)
    return draw_boundary(lambda x, y: model((x, y))[0].data, points)
