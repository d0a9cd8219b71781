"""One seed's way through a schedule: which trial comes next, and what has been seen so far."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from trialtensor_models.plants import Perturbation
from trialtensor_models.plasticity import Critic, Outcome, ReachOutcome, answer
from trialtensor_models.sessions.blocks import Block, Row
from trialtensor_models.sessions.schedule import Schedule
from trialtensor_models.tasks import Draw, Task, has_choices, next_answer, target_radius_of


@dataclass(frozen=True, eq=False, slots=True)
class Trial:
    """A trial that is about to be run."""

    index: int
    block_index: int
    block: Block
    row: Row
    condition: int
    perturbation: Perturbation
    draw: Draw
    noise: np.ndarray
    tilt: float

    @property
    def where(self) -> str:
        """For messages."""
        return f"trial {self.index} (block {self.block_index}, {self.block.epoch})"


class Session:
    """Trials of one seed.

    Order of conditions, noise in cortex and noise of the plant come from streams of their own, so
    that switching one off leaves the others as they are. So does noise after the movement, for
    `n_after` steps.
    """

    def __init__(
        self,
        task: Task,
        schedule: Schedule,
        seed: int,
        dt: float,
        n_units: int,
        noise: float,
        n_after: int = 0,
    ) -> None:
        self.task, self.schedule, self.seed = task, schedule, seed
        self.dt, self.n_units, self.noise, self.n_after = dt, n_units, noise, n_after
        streams = map(np.random.default_rng, np.random.SeedSequence(seed).spawn(5))
        self._order, self._cortex, self._motor, self._reward, self._after = streams
        self._block = 0
        self._waiting: dict[Row | None, list[int]] = {}
        self._history: dict[str, list[float]] = {}
        n_answers = len(task.answers) if has_choices(task) else 2
        self._critic = Critic(len(task.labels), chance=1 / n_answers)
        self.n_done = 0

    @property
    def is_over(self) -> bool:
        """True once the schedule has no further trial."""
        return self._block >= len(self.schedule.blocks)

    def next(self) -> Trial:
        """Draw the next trial."""
        block = self.schedule.blocks[self._block]
        in_block = len(self._history.get("adaptation", ()))
        row = block.row(in_block)
        condition = self._drawn(block, row) if row.condition is None else row.condition
        draw = self.task.draw(np.array([condition]), self.dt, self._order)
        perturbation = row.perturbation
        if perturbation.reversed and draw.side is not None and has_choices(self.task):
            draw = replace(draw, side=next_answer(self.task, draw.side))
        T = draw.inputs.shape[1]
        return Trial(
            index=self.n_done,
            block_index=self._block,
            block=block,
            row=row,
            condition=condition,
            perturbation=perturbation,
            draw=draw,
            noise=self.noise * self._noise(T),
            tilt=float(self._motor.standard_normal()),
        )

    def _noise(self, T: int) -> np.ndarray:
        """(T + n_after, n_units) of cortex."""
        during = self._cortex.standard_normal((T, self.n_units))
        after = self._after.standard_normal((self.n_after, self.n_units))
        return np.concatenate([during, after])

    def _drawn(self, block: Block, row: Row) -> int:
        """Draw a condition: all of them once, in random order, then again.

        Trials of a table that differ in what is asked for take turns of their own, or contexts
        that alternate would each get half of the conditions.
        """
        waiting = self._waiting.setdefault(row if block.rows else None, [])
        if not waiting:
            offered = block.targets if block.targets is not None else range(len(self.task.labels))
            waiting += self._order.permutation(np.asarray(offered)).tolist()
        return waiting.pop()

    def answer(self, trial: Trial, angle: float) -> Outcome | None:
        """Answer a trial by the direction of the hand, in tasks with choices.

        Parameters
        ----------
        trial : Trial
        angle : float
            In degrees counter-clockwise.

        Returns
        -------
        Outcome, or None in tasks without choices
        """
        if not has_choices(self.task) or trial.draw.side is None:
            return None
        side = int(trial.draw.side[0])
        outcome = answer(self.task, side, angle, self._expected(trial), self._reward)
        self._criticise(trial, outcome.reward)
        return outcome

    def reached(self, trial: Trial, end_error: float) -> ReachOutcome | None:
        """Reward a reach that ends on its target.

        Parameters
        ----------
        trial : Trial
        end_error : float
            Distance of the cursor from the target at the end, in m.

        Returns
        -------
        ReachOutcome, or None in tasks that don't say how large targets are
        """
        radius = target_radius_of(self.task)
        if radius is None:
            return None
        outcome = ReachOutcome(float(end_error <= radius), self._expected(trial))
        self._criticise(trial, outcome.reward)
        return outcome

    def _expected(self, trial: Trial) -> float:
        return float(self._critic.values[trial.condition])

    def _criticise(self, trial: Trial, reward: float) -> None:
        if trial.row.learns and not trial.perturbation.clamp:
            self._critic.learn(trial.condition, reward)

    def seen(self, **values: float) -> None:
        """Note how the trial went, and move on to the next block if it's time.

        Parameters
        ----------
        **values
            What an ``until=`` condition may ask for.
        """
        for name, value in values.items():
            self._history.setdefault(name, []).append(value)
        self.n_done += 1
        history = {name: np.asarray(value) for name, value in self._history.items()}
        if self.schedule.blocks[self._block].is_over(history):
            self._block += 1
            self._history, self._waiting = {}, {}
