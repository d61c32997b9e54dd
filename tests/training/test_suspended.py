"""A training that is stopped for a while (Ctrl-Z) keeps the time that it had left. The process is a real one."""

import json
import os
import signal
import subprocess
import sys
import time

BUDGET, STOPPED = 4.0, 7.0
TRAINING = f"""
import json
import numpy as np
from moreish.data import from_items
from moreish.models import build_model
from moreish.models.gru import GRUOptions
from moreish.runs.events import to_record
from moreish.training.loop import start, train
from moreish.training.options import TrainOptions

corpus = from_items([a + b for a in "abcdefgh" for b in "ijklmnop"] * 5)
model = build_model("gru", GRUOptions(n_embd=4, n_hidden=8), len(corpus.vocab), 0)
state = start(model, TrainOptions(time_budget={BUDGET}, log_every=20), 0)
for event in train(state, corpus.part("train"), None):
    print(json.dumps(to_record(event)), flush=True)
"""


def test_the_time_in_which_a_process_is_stopped_does_not_count_in_its_budget():
    began = time.monotonic()
    with subprocess.Popen([sys.executable, "-c", TRAINING], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        before = json.loads(process.stdout.readline())
        os.kill(process.pid, signal.SIGSTOP)
        time.sleep(STOPPED)
        os.kill(process.pid, signal.SIGCONT)
        after = [json.loads(line) for line in process.stdout]
    assert process.returncode == 0
    assert time.monotonic() - began > STOPPED + BUDGET - before["seconds"] - 0.5
    assert before["seconds"] < BUDGET - 0.5 < after[-1]["seconds"] < BUDGET + 1
    assert after[-1]["step"] > before["step"]
