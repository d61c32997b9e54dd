"""Sweeps: one list, many configurations, the best of them; by Optuna, in as many processes as one likes.

    names-sweep-1/
      study.json           what is swept, over which values; written once, last
      corpus.safetensors, vocab.json   the list, so that whoever joins needs nothing else
      journal.log          Optuna's journal of trials
      trial-0000/, ...     each trial is a run like any other
      locks/               held by the process that trains a trial, and freed by the system when it dies

Everybody who works on a study takes its next trial under its lock: one that nobody works on any more first, then a
new one, until there are as many as were asked for. So none is lost, and none is done twice.
"""

from moreish.sweeps.populations import work_together
from moreish.sweeps.space import Choices, Dimension, Range, Space, parse_space
from moreish.sweeps.study import Plan, Study, Trial, join_study
from moreish.sweeps.work import sweep, work

__all__ = [
    "Choices",
    "Dimension",
    "Plan",
    "Range",
    "Space",
    "Study",
    "Trial",
    "join_study",
    "parse_space",
    "sweep",
    "work",
    "work_together",
]
