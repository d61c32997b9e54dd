"""Train on two machines that share nothing but a network: two network namespaces of Linux, root needed.

The second has no list and no run folder. A process there is killed in the middle, torchrun starts all anew, and the
curve must be that of one process. Prints both; exits with 0 where they agree within 1e-5.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

assert sys.platform != "win32", "it takes network namespaces, which Linux has"

NAMES = f"moreish-a-{os.getpid()}", f"moreish-b-{os.getpid()}"
ADDRESSES = "10.77.0.1", "10.77.0.2"
TRAIN = ["-m", "moreish", "train", "names", "--model", "gru", "--steps", "60", "-q", "--out", "run"]
TRAIN += [word for s in ("model.dropout=0", "train.log_every=1", "train.eval_every=10") for word in ("--set", s)]


@contextlib.contextmanager
def two_namespaces() -> Iterator[None]:
    """Each with one end of a cable."""
    try:
        for name in NAMES:
            run("ip", "netns", "add", name)
        run("ip", "link", "add", "va", "netns", NAMES[0], "type", "veth", "peer", "name", "vb", "netns", NAMES[1])
        for name, end, address in zip(NAMES, ("va", "vb"), ADDRESSES, strict=True):
            run("ip", "-n", name, "addr", "add", f"{address}/24", "dev", end)
            run("ip", "-n", name, "link", "set", end, "up")
            run("ip", "-n", name, "link", "set", "lo", "up")
        yield
    finally:
        for name in NAMES:
            subprocess.run(["ip", "netns", "del", name], check=False)


def run(*command: str) -> None:
    subprocess.run(command, check=True)


def machine(number: int, folder: Path) -> "subprocess.Popen[bytes]":
    """What is typed on each machine."""
    launch = ["-m", "torch.distributed.run", "--nnodes", "2", "--nproc-per-node", "1", "--max-restarts", "3"]
    launch += ["--rdzv-backend", "c10d", "--rdzv-endpoint", f"{ADDRESSES[0]}:29400", "--rdzv-id", "names"]
    launch += ["--rdzv-conf", f"is_host={int(number == 0)}", "--local-addr", ADDRESSES[number]]
    said = {"GLOO_SOCKET_IFNAME": "va" if number == 0 else "vb", "OMP_NUM_THREADS": "1"}
    command = ["ip", "netns", "exec", NAMES[number], sys.executable, *launch, *TRAIN]
    return subprocess.Popen(command, cwd=folder, env=os.environ | said, stderr=subprocess.DEVNULL)


def losses(folder: Path) -> dict[int, float]:
    path = folder / "run" / "metrics.jsonl"
    lines = path.read_text(encoding="utf-8").split("\n")[:-1] if path.exists() else []
    return {r["step"]: r["loss"] for r in map(json.loads, lines) if r["event"] == "step"}


def kill_a_worker(launcher: "subprocess.Popen[bytes]") -> None:
    found = Path(f"/proc/{launcher.pid}/task/{launcher.pid}/children").read_text(encoding="ascii").split()
    os.kill(int(found[-1]), signal.SIGKILL)


def main() -> int:
    with tempfile.TemporaryDirectory() as place, two_namespaces():
        alone, first, second = (Path(place, name) for name in ("alone", "first", "second"))
        for folder in (alone, first, second):
            folder.mkdir()
        subprocess.run([sys.executable, *TRAIN], cwd=alone, check=True)
        began = time.monotonic()
        machines = [machine(0, first), machine(1, second)]
        while len(losses(first)) < 25:
            if machines[0].poll() is not None:
                return 1
            time.sleep(0.1)
        kill_a_worker(machines[1])
        codes = [each.wait() for each in machines]
        one, two = losses(alone), losses(first)
        apart = max(abs(one[step] - two[step]) for step in one) if one.keys() == two.keys() else float("inf")
        print(f"one process:  {len(one)} steps, last loss {one[60]:.6f}")
        print(
            f"two machines: {len(two)} steps, last loss {two[60]:.6f}, {time.monotonic() - began:.0f} s, one killed"
        )
        print(
            f"largest difference {apart:.1e}; exit codes {codes}; the second machine's folder: {os.listdir(second)}"
        )
        return int(apart > 1e-5 or any(codes))


if __name__ == "__main__":
    sys.exit(main())
