"""moreish shard."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from moreish.cli.flags import READING, File, Json, Quiet, Reading, Set, Whole


def shard(
    *files: File,
    out: Path,
    processes: Annotated[Whole, Parameter(help="How many at once; 0: one for each core.")] = 0,
    reading: Reading = READING,
    set: Set = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """A list or text larger than memory, made into files that training maps: then moreish train DIR.

    Parameters
    ----------
    files
        Text files with one item a line, or with --text running texts; several are one list. Bullets, numbering and
        quotes round the items come off.
    out
        The folder of the sharded list. Where making it was interrupted, the same command goes on with it.
    """
    from moreish.cli.overrides import overrides_of
    from moreish.cli.show import emit, note, tell_reading, telling

    overrides = overrides_of(reading, set=set)
    for section in ("model", "train"):
        for option in overrides.given(section):
            raise ValueError(f"shard only reads the list, so {section}.{option} plays no part: leave it out")
    if not files:
        raise ValueError("name the file to be sharded, as in: moreish shard list.txt --out shards")
    with telling(f"sharding {', '.join(files)}", quiet or json) as tell:
        from moreish import api

        corpus = api.shard(files, out, overrides, processes, tell)
    report = corpus.report
    tell_reading(report, quiet or json)
    if json:
        emit(report.to_json())
        return
    for name, split in report.splits.items():
        print(f"{name}: {split['items']:,} items, {split['predicted']:,} symbols to predict")
    note(f"{report.duplicates:,} duplicates; train on it with: moreish train {out}")
