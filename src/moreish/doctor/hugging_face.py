"""The doctor as a callback of a Hugging Face `Trainer`: `Trainer(..., callbacks=[DoctorCallback()])`."""

from collections.abc import Callable, Iterable
from typing import Any

from moreish.doctor.ask.attendant import Attendant, Manner
from moreish.doctor.doctor import Doctor
from moreish.doctor.judge.finding import Finding
from moreish.doctor.watch.clock import BUDGET

try:
    from transformers.trainer_callback import TrainerCallback
except ImportError:
    raise ImportError(
        "moreish.doctor.hugging_face needs transformers: pip install transformers accelerate (or moreish with its "
        "extra)"
    ) from None


class DoctorCallback(TrainerCallback):
    """Watches `Trainer.train`: the model and the optimizer that the trainer makes, in the first process only.

    `budget`, `ignore` and `on_finding` are those of `Doctor`; unless `quiet`, findings are printed as they come and
    the report at the end. Where something as bad as `stop_on` is found, the trainer is asked to stop, as early
    stopping does it, and `stopped_by` is the finding. `eval_loss` reaches the doctor, for whether the model overfits.
    A training that ends by an exception does not tell its callbacks: `close()` then ends the watching.
    """

    def __init__(
        self,
        *,
        budget: float = BUDGET,
        ignore: Iterable[str] = (),
        on_finding: Callable[[Finding], object] | None = None,
        stop_on: str | None = None,
        quiet: bool = False,
    ) -> None:
        self._attendant = Attendant(Manner(budget, tuple(ignore), on_finding, stop_on, quiet))

    @property
    def doctor(self) -> Doctor | None:
        """The doctor of the latest training."""
        return self._attendant.doctor

    @property
    def stopped_by(self) -> Finding | None:
        """The finding for which the latest training was stopped."""
        return self._attendant.stopped_by

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Begin to watch."""
        model, optimizer = kwargs.get("model"), kwargs.get("optimizer")
        if model is None or optimizer is None or not state.is_world_process_zero:
            return

        def stop() -> None:
            control.should_training_stop = True

        pretrained = bool(getattr(model, "name_or_path", ""))
        self._attendant.begin(model, [optimizer], state.global_step, stop, pretrained)

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Ask again to stop: the trainer forgets what it was asked for during a step."""
        if self.stopped_by is not None:
            control.should_training_stop = True

    def on_evaluate(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Tell the doctor the loss on val."""
        loss = (kwargs.get("metrics") or {}).get("eval_loss")
        if loss is not None:
            self._attendant.evaluated(float(loss))

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Watch no further, and report."""
        self.close()

    def close(self) -> None:
        """Watch no further, and report, where a training ended without telling."""
        self._attendant.end()
