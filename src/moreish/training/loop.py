"""The training loop: a generator of events.

    state = start(model, train_split, options, seed)
    for event in train(state, train_split, val_split):
        ...  # print it, append it, plot it, or break

It stands still while its consumer looks at an event, always after a whole step. A state that is given the
`numbers()` and `memory()` taken there goes on bit for bit, on the same machine, torch build and thread count.
"""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import numpy as np
import torch
from jaxtyping import Float, Integer
from torch import Tensor, nn

from moreish.data.batches import Batch, Batches, SequenceBatches, WindowBatches, batches_from
from moreish.data.corpus import Split
from moreish.fast.reading import unobserved
from moreish.inference.network import network_of
from moreish.models.net import Net
from moreish.rng import torch_alone, torch_seed
from moreish.runs import events
from moreish.shards.batches import ShardedSequences, ShardedWindows
from moreish.shards.corpus import ShardedSplit
from moreish.training import distributed
from moreish.training.blocks import Blocks, blocks_for
from moreish.training.controls import Controls, Hands
from moreish.training.looks import LayerLooks
from moreish.training.options import TrainOptions
from moreish.training.recorder import NullRecorder, recorder_for
from moreish.training.schedules import lr_at
from moreish.training.state import TrainState, copied
from moreish.training.steps import Gradients, make_optimizer, tensors_of
from moreish.training.thread_choice import thread_choice_for

PLANNED_EVALUATIONS = 20
EVALUATION_SHARE = 0.05  # of a time budget that evaluations before the last one may take, with samples and saving
LONGEST_WAIT = 5.0  # seconds: a step that waited longer and hardly worked was stopped from outside
LEAST_SHARE = 0.02  # of a step's time on the processor, however busy the machine is
NEARLY_ALL = 1 - 1e-12
BLOCK_SECONDS = 0.05  # of steps at once: a request to stop is heeded after it
FIRST_BLOCK, LONGEST_BLOCK = 8, 10_000
REPLAN_SECONDS = 0.5
STEPS_TO_PLAN = 3


def batches_for(model: Net, split: Split, options: TrainOptions, seed: int) -> Batches:
    """Windows or whole sequences, as the model reads."""
    if isinstance(split, ShardedSplit):
        kind = ShardedWindows if model.windowed else ShardedSequences
        return kind(split, model.block_size or options.block_size, options.batch_size, seed)
    kind = WindowBatches if model.windowed else SequenceBatches
    return kind(split, model.block_size or options.block_size, options.batch_size, seed)


def start(model: Net, options: TrainOptions, seed: int) -> TrainState:
    """The state before the first step, on the device and in the precision that the options name.

    Raises ValueError where that is CUDA and torch finds none.
    """
    if options.device == "cuda" and not torch.cuda.is_available():
        raise ValueError("train.device is cuda, but torch finds no CUDA device here; leave it at cpu")
    model.to(options.device, torch.float64 if options.precision == "float64" else None)
    state = TrainState(model, make_optimizer(model, options), options, seed)
    if options.time_budget is None:
        state.pace = 1 / options.steps if options.steps else 0.0
        state.progress = 0.0 if options.steps else 1.0
    return state


def train(
    state: TrainState, train_split: Split, val_split: Split | None, controls: Controls | None = None
) -> Iterator[events.OfComponent]:
    """Train to the end of the steps or of the time budget, or until val no longer improves.

    Yields a `Step` every `log_every` steps, an `Eval` where one is due, with a doctor what it says (`recorder`), and
    what somebody changes meanwhile (`controls`). Leaves the model with the parameters that were best on val, where
    there is a val.
    """
    hands, controls = Hands(state), controls or Controls()
    hands.again(controls.earlier)
    with recorder_for(state, train_split, val_split) as recorder:
        yield from _train(state, train_split, val_split, recorder, controls, hands)
        yield from recorder.closing()
    if final := state.best_tensors or state.average:
        state.model.load_state_dict(final)


def _train(
    state: TrainState,
    train_split: Split,
    val_split: Split | None,
    recorder: NullRecorder,
    controls: Controls,
    hands: Hands,
) -> Iterator[events.OfComponent]:
    options, model = state.options, state.model
    looks = LayerLooks(state, controls, hands, recorder.doctor)
    steps = _steps_of(state, train_split, looks, recorder)
    model.train()
    mean = state.loss_mean
    clock = _Clock(state)
    while not ended(state):
        looks.before_step()
        most = 1 if looks.looking or controls.one_step else steps.longest or clock.most_steps
        progress = _until_stop(state, min(most, controls.free(state.step)), val_split is not None)
        scheduled = lr_at(float(progress[-1]), options)
        with clock.stepping():
            losses, tokens, lr = steps.run(progress)
        mean.add(losses, tokens)
        clock.tick(len(tokens))
        clock.agree()
        if val_split is not None:
            one_pass = clock.step_seconds * val_split.n_predicted / float(tokens[-1])
            state.evaluation_due = _evaluation_due(state, one_pass)
        if state.step % options.log_every == 0 or state.evaluation_due or ended(state) or controls.one_step:
            with recorder.resting():
                loss, symbols = mean.take()
                shown = round(state.seconds, 3), round(state.progress, 6)
                yield events.Step(state.step, loss, lr, symbols, *shown)
        if (seen := looks.after_step()) is not None:
            with recorder.resting():
                yield seen
        yield from recorder.news()
        if not math.isfinite(mean.last):
            yield from recorder.closing()
            cure = f"try a lower learning rate than {options.lr:g}"
            if hands.blame:
                cure = f"train it anew without what was done before, {hands.blame}"
            raise FloatingPointError(f"the loss became {mean.last} at step {state.step}: {cure}")
        if val_split is not None and state.evaluation_due:
            state.evaluation = 0.0
            with clock.evaluating(), recorder.resting():
                val_loss, best = _evaluate(state, val_split)
                recorder.evaluated(val_loss)
            with clock.evaluating(), recorder.resting():
                yield events.Eval(state.step, val_loss, best)
            if options.patience and state.stale >= options.patience:
                break
        for event in controls.between_steps(hands, scheduled):
            with recorder.resting():
                yield event
            if isinstance(event, events.Intervention) and event.done and event.kind in ("break", "heal", "undo"):
                recorder.look_anew(event.kind == "break")
                steps = _steps_of(state, train_split, looks, recorder)
            clock.skip()
        if controls.one_step:
            clock.skip()


class SingleSteps:
    """One step at a time, by torch."""

    longest = 1

    def __init__(self, state: TrainState, source: Batches, looks: LayerLooks) -> None:
        self.state, self.looks = state, looks
        dropped = any(isinstance(m, nn.Dropout) and m.p > 0 for m in state.model.modules())
        self.draws_noise = state.options.weight_drop > 0 or dropped
        self.batches = batches_from(source, state.step)
        self.thread_choice = thread_choice_for(state)

    def run(self, progress: Float[np.ndarray, " S"]) -> tuple[Tensor, Integer[np.ndarray, " S"], float]:
        """The next step; what a `Block` has."""
        batch = next(self.batches)
        lr = lr_at(float(progress[0]), self.state.options) * self.state.lr_factor
        with self.thread_choice.working(batch.y.size) if self.thread_choice else nullcontext():
            loss = _step(self.state, self.looks.gradients, batch, lr, self.draws_noise)
        self.looks.hands.stepped(lr)
        return loss, np.array([batch.y.size]), lr


def _steps_of(
    state: TrainState, train_split: Split, looks: LayerLooks, recorder: NullRecorder
) -> Blocks | SingleSteps:
    source = batches_for(state.model, train_split, state.options, state.seed)
    blocks = None if looks.hands.touched else blocks_for(state, source, train_split, looks, recorder.doctor)
    return blocks or SingleSteps(state, source, looks)


def _until_stop(state: TrainState, most: int, looks: bool) -> Float[np.ndarray, " S"]:
    """The progress before each of the next steps: at most so many, none beyond one after which there is a stop."""
    options = state.options
    count = min(most, options.log_every - state.step % options.log_every)
    if looks and options.eval_every:
        count = min(count, options.eval_every - state.step % options.eval_every)
    if count == 1:
        return np.array([state.progress])
    if options.time_budget is None:
        after = np.minimum(1.0, (state.step + np.arange(1, count + 1)) * state.pace)
    else:
        after = np.minimum(1.0, state.progress + np.arange(1, count + 1) * state.pace)
    stops = after >= NEARLY_ALL
    if looks and not options.eval_every:
        reached = int(max(state.progress, state.evaluated) * PLANNED_EVALUATIONS)
        stops |= (after * PLANNED_EVALUATIONS).astype(np.int64) > reached
    if stops.any():
        count = int(stops.argmax()) + 1
    return np.append(state.progress, after[: count - 1])


def _step(state: TrainState, gradients: Gradients, batch: Batch, lr: float, draws_noise: bool) -> Tensor:
    idx, targets = tensors_of(batch, state.model)
    if draws_noise:
        with torch_alone(torch_seed(state.seed, "noise", state.step)):
            loss = gradients(idx, targets, batch.weight)
    else:
        loss = gradients(idx, targets, batch.weight)
    if state.options.clip:
        nn.utils.clip_grad_norm_(state.model.parameters(), state.options.clip)
    for group in state.optimizer.param_groups:
        group["lr"] = lr
    state.optimizer.step()
    state.step += 1
    if state.options.ema:
        state.take_average()
    return loss


def ended(state: TrainState) -> bool:
    """Whether the steps or the time budget are used up."""
    return state.progress >= NEARLY_ALL


def _evaluation_due(state: TrainState, one_pass: float) -> bool:
    """At the end, every `eval_every` steps, or each time another twentieth of the training is done.

    Those twentieths are passed over where a time budget would go to evaluations: they get EVALUATION_SHARE of the
    time so far. `one_pass` is how long training on as many tokens as val has takes; until the first evaluation was
    timed, it is expected to take a third of that, because it needs no gradients.
    """
    if ended(state):
        return True
    if state.options.eval_every:
        return state.step % state.options.eval_every == 0
    if int(state.progress * PLANNED_EVALUATIONS) <= int(state.evaluated * PLANNED_EVALUATIONS):
        return False
    expected = state.evaluation or one_pass / 3
    return state.options.time_budget is None or state.evaluating + expected <= EVALUATION_SHARE * state.seconds


def _evaluate(state: TrainState, val_split: Split) -> tuple[float, bool]:
    """(mean loss on val, whether it is this network's lowest), with the averaged weights where there are any."""
    state.evaluated = state.progress
    with state.averaged(), unobserved():
        loss = distributed.mean_loss(network_of(state.model), val_split)
        improved = loss < state.best
        if improved:
            state.best, state.best_step, state.stale = loss, state.step, 0
            state.best_tensors = copied(state.model)
        else:
            state.stale += 1
    return loss, improved


class _Clock:
    """Counts training time and keeps `pace` such that a time budget ends with the schedule at its end.

    The pace is part of the state: resumed training goes on with the pace that it had.
    """

    def __init__(self, state: TrainState) -> None:
        self.state = state
        self.now, self.worked = time.monotonic(), time.process_time()
        self.steps, self.spent = 0, 0.0  # since the pace was last set
        self.step_seconds = 0.0  # of a step, the first one of this process left out
        self._first, self._stepped = state.step + 1, 0.0
        self._replan_after = STEPS_TO_PLAN if state.pace == 0 else math.inf
        self.most_steps = 1  # that are sure to be done in a moment

    @contextmanager
    def stepping(self) -> Iterator[None]:
        """Around the steps alone, of which the next block is to be BLOCK_SECONDS long."""
        step, began = self.state.step, time.monotonic()
        yield
        took, count = time.monotonic() - began, self.state.step - step
        fitting = int(BLOCK_SECONDS * count / took) if took else LONGEST_BLOCK
        self.most_steps = max(1, min(LONGEST_BLOCK, fitting, FIRST_BLOCK * count))

    def tick(self, count: int) -> None:
        """So many steps are done."""
        state, took = self.state, self._took()
        state.seconds += took
        if state.step > self._first:
            self._stepped += took
            self.step_seconds = self._stepped / (state.step - self._first)
        budget = state.options.time_budget
        if budget is None:
            state.progress = min(1.0, state.step * state.pace)
            return
        if state.seconds >= budget:
            state.progress = 1.0
            return
        if state.step > 1:  # the first step also waits for what torch loads when it is first used
            self.steps, self.spent = self.steps + count, self.spent + took
        if self.steps and (self.spent > REPLAN_SECONDS or self.steps >= self._replan_after):
            steps_left = (budget - state.seconds) * self.steps / self.spent
            state.pace = (1 - state.progress) / max(1.0, steps_left)
            self._replan_after = self.steps * 4  # the first few steps say little
            self.steps, self.spent = 0, 0.0
        state.progress = min(1.0, state.progress + count * state.pace)

    def agree(self) -> None:
        """Where several processes train together to the end of a time budget, the first one's clock is right."""
        state = self.state
        if distributed.size() > 1 and state.options.time_budget is not None:
            shown = state.seconds, state.evaluating, state.evaluation, state.progress, state.pace, self.step_seconds
            shown = distributed.from_first(*shown)
            state.seconds, state.evaluating, state.evaluation, state.progress, state.pace, self.step_seconds = shown

    def skip(self) -> None:
        """What came since the last step was no training: somebody let it stand still."""
        self._took()

    @contextmanager
    def evaluating(self) -> Iterator[None]:
        """What is inside counts in the budget, but not in the time of a step."""
        yield
        took = self._took()
        self.state.seconds += took
        self.state.evaluation += took
        self.state.evaluating += took

    def _took(self) -> float:
        """Seconds since it was last asked, without those in which it stood still or was stopped (Ctrl-Z)."""
        now, worked = time.monotonic(), time.process_time()
        took, work = max(0.0, now - self.now - self.state.stood_still), worked - self.worked
        self.now, self.worked, self.state.stood_still = now, worked, 0.0
        return work if took > LONGEST_WAIT and work < took * LEAST_SHARE else took
