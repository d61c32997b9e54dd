"""Record the run that comes with the studio: `python -m tools.studio_demo`."""

import sys
import tempfile
from pathlib import Path

import moreish
from moreish.runs import commands, events
from moreish.studio.demo import RECORDED, packed

TRAIN = {"steps": 3000, "batch_size": 128, "doctor": True, "histograms": True, "log_every": 20}
BROKEN = 1200
HEALED = {"weights": ["hidden.0.weight"], "gain": 5 / 3}


def main() -> int:
    with tempfile.TemporaryDirectory() as place:
        folder, healed = Path(place) / "demo", []

        def person(event: events.Event) -> None:
            match event:
                case events.Step(step=step) if step == BROKEN:
                    commands.steer(folder, commands.Break("F04", 5))
                case events.Finding(finding=finding) if finding.id == "F04" and finding.operation and not healed:
                    healed.append(True)
                case events.Step(step=step) if healed == [True] and step > BROKEN + 400:
                    healed.append(False)
                    commands.steer(folder, commands.Heal("reinitialise", HEALED))
                case _:
                    pass

        run = moreish.train("names", model="mlp", options={"train": TRAIN}, out=folder, watch=person)
        RECORDED.write_bytes(packed(run.run))
    print(f"{RECORDED}: {RECORDED.stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
