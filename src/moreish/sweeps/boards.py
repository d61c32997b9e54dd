"""The trials of a study in TensorBoard: each trial's run a board, its options the hyperparameters."""

from moreish.export import tensorboard
from moreish.runs.folder import open_run
from moreish.sweeps.study import Study


def write_boards(study: Study) -> None:
    """Boards of all trials that have ended and have none yet: tensorboard --logdir FOLDER. Raises Unmet without
    tensorboardX."""
    tensorboard.check_installed()
    for trial in study.trials():
        folder = trial.folder / tensorboard.FOLDER
        if trial.state in ("complete", "pruned") and not folder.exists():
            tensorboard.write(open_run(trial.folder), folder)
