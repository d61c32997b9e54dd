"""What a list of 10^12 symbols would cost: arithmetic of bytes, network and time, and a simulation of the training.

`python tools/simulate_scaling.py [MACHINES]`. The constants are measured on one core of an ordinary server where
docs/scaling.md says so, and assumed where it says so; change them at the top. A step is simulated as it runs:
every machine takes its time for its rows (with the scatter of real machines), then all wait for the slowest and for
a ring all-reduce, whose bytes overlap with the backward pass.
"""

import heapq
import sys

import numpy as np

SYMBOLS, ITEM, PATHS = 1e12, 20.0, 1e10  # of the list; of an item; different paths of order 5 (assumed)
DISK, NETWORK, LATENCY = 2e9, 12.5e9 / 8, 50e-6  # bytes a second of a machine; 12.5 Gbit/s; seconds a message
SHARD_RATE = 9.5e6  # bytes a core shards in a second (measured)
COUNT_RATE = 11e6  # symbols a core counts in a second, order 5 (measured)
CORES, SCATTER, FAILURES = 64, 0.05, 1 / (30 * 86400)  # of a machine; of step times; deaths a second
PARAMETERS, ROWS, FLOPS = 1e8, 2**20, 1e14  # of the net; symbols in a batch of one machine; a second, one machine
CHECKPOINT_EVERY, RESTART = 600.0, 120.0  # seconds


def bytes_and_hours(machines: int) -> list[tuple[str, str]]:
    items, hour = SYMBOLS / ITEM, 3600
    ids, known = SYMBOLS + items, 8 * items
    shuffle = 28 * items  # two hashes, place, twice through the disk
    cores = machines * CORES
    return [
        ("ids, 1 byte each", f"{ids / 1e12:.2f} TB, {ids / 2**28:,.0f} shards of 256 MiB"),
        ("known.keys", f"{known / 1e12:.2f} TB"),
        ("index", "some KB: one count for each length"),
        (
            "sharding",
            f"{ids / SHARD_RATE / 3600:,.0f} core hours: {ids / SHARD_RATE / cores:,.1f} s on {cores:,} cores",
        ),
        ("  its hashes between machines", f"{shuffle / 1e12:.1f} TB: {shuffle / machines / NETWORK:,.1f} s"),
        (
            "counting, order 5",
            f"{SYMBOLS / COUNT_RATE / hour:,.0f} core hours: {SYMBOLS / COUNT_RATE / cores:,.1f} s",
        ),
        ("  its runs between machines", f"{PATHS * 16 / 1e12:.2f} TB: {PATHS * 16 / machines / NETWORK:,.1f} s"),
        ("reading all once, an epoch", f"{ids / machines / DISK:,.1f} s of disk"),
    ]


def steps_a_second(machines: int, rng: np.random.Generator, steps: int = 2000) -> float:
    """The event loop: compute, all-reduce, wait for the slowest; now and then one dies and all begin again."""
    compute = 6 * PARAMETERS * ROWS / FLOPS
    ring = 2 * (machines - 1) / machines * 4 * PARAMETERS / NETWORK + 2 * (machines - 1) * LATENCY
    exposed = max(0.0, ring - compute * 2 / 3)  # backward is two thirds, and buckets go out while it runs
    now, done, saved = 0.0, 0, (0.0, 0)
    deaths = [rng.exponential(1 / (FAILURES * machines))]
    heapq.heapify(deaths)
    while done < steps:
        now += compute * (1 + SCATTER * rng.standard_normal(machines).max()) + exposed
        done += 1
        if now - saved[0] > CHECKPOINT_EVERY:
            saved = now, done
        if now > deaths[0]:
            heapq.heapreplace(deaths, now + rng.exponential(1 / (FAILURES * machines)))
            now, done = now + RESTART, saved[1]
    return steps / now


def main(machines: int) -> None:
    for name, value in bytes_and_hours(machines):
        print(f"{name:32} {value}")
    rng = np.random.default_rng(0)
    alone = steps_a_second(1, rng)
    print(f"\n{'machines':>8} {'steps/s':>9} {'efficiency':>10} {'epoch':>12}")
    count = 1
    while count <= machines:
        rate = steps_a_second(count, rng)
        hours = SYMBOLS / (rate * ROWS * count) / 3600
        print(f"{count:8} {rate:9.3f} {rate / alone:10.0%} {hours:10,.0f} h")
        count *= 4


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1024)
