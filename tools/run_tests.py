"""Run the tests, as many at a time as there are cores, and say what is being done."""

import os
import subprocess
import sys

workers = max(2, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 2)
# One thread for each worker: tiny tensors gain nothing from a second, and the workers share the cores.
env = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}
print(f"moreish: running the tests in {workers} processes", flush=True)
command = [sys.executable, "-m", "pytest", "-n", str(workers), "--dist", "worksteal", *sys.argv[1:]]
sys.exit(subprocess.run(command, env=env, check=False).returncode)
