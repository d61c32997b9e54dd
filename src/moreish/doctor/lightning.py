"""The doctor as a callback of a Lightning `Trainer`: `Trainer(callbacks=[DoctorCallback()])`."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from moreish.doctor.ask.attendant import Attendant, Manner
from moreish.doctor.doctor import Doctor
from moreish.doctor.judge.finding import Finding
from moreish.doctor.watch.clock import BUDGET

if TYPE_CHECKING:
    from lightning.pytorch import Callback
else:
    try:
        from lightning.pytorch import Callback
    except ImportError:
        try:
            from pytorch_lightning import Callback
        except ImportError:
            raise ImportError(
                "moreish.doctor.lightning needs Lightning: pip install lightning (or moreish with its extra)"
            ) from None


class DoctorCallback(Callback):
    """Watches `Trainer.fit`: the module and all of its optimizers, in the first process only.

    `budget`, `ignore` and `on_finding` are those of `Doctor`; unless `quiet`, findings are printed as they come and
    the report at the end. Where something as bad as `stop_on` is found, the trainer is asked to stop, as early
    stopping does it, and `stopped_by` is the finding. `val_loss` is the name under which the module logs its loss on
    val, for whether it overfits. `doctor` is the doctor of the latest fit.
    """

    def __init__(
        self,
        *,
        budget: float = BUDGET,
        ignore: Iterable[str] = (),
        on_finding: Callable[[Finding], object] | None = None,
        stop_on: str | None = None,
        val_loss: str = "val_loss",
        quiet: bool = False,
    ) -> None:
        super().__init__()
        self.val_loss = val_loss
        self._attendant = Attendant(Manner(budget, tuple(ignore), on_finding, stop_on, quiet))

    @property
    def doctor(self) -> Doctor | None:
        """The doctor of the latest fit."""
        return self._attendant.doctor

    @property
    def stopped_by(self) -> Finding | None:
        """The finding for which the latest fit was stopped."""
        return self._attendant.stopped_by

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        """Begin to watch."""

        def stop() -> None:
            trainer.should_stop = True

        optimizers = list(trainer.optimizers)
        if trainer.is_global_zero and optimizers:
            self._attendant.begin(pl_module, optimizers, trainer.global_step, stop)

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        """Tell the doctor the loss on val, where the module logs one."""
        loss = trainer.callback_metrics.get(self.val_loss)
        if loss is not None and not trainer.sanity_checking:
            self._attendant.evaluated(float(loss))

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        """Watch no further, and report."""
        self._attendant.end()

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        """Watch no further, and report."""
        self._attendant.end()
