"""Schedules: blocks of trials with perturbations, clamps and lesions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from trialtensor_models.sessions.blocks import Block, Kind, make_block
from trialtensor_models.sessions.schedule_table import blocks_of, table_of
from trialtensor_models.sessions.shown import schedule_text

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True)
class Schedule:
    """A sequence of blocks of trials. Every method returns a longer schedule.

    All methods take these keywords: ``until``, which ends the block early: "zero" once what was
    learned before is gone, or a function of the block's history so far (a mapping of "angle",
    "error", "adaptation" and "end_error", of "correct" where there are choices, and of "reward"
    where there are rewards, to an array with a value a trial) that returns whether to stop, with
    ``n_trials`` as the limit; ``ramp``, trials over which the perturbation grows; ``targets``, the
    conditions that are drawn; ``context``, a label of what is shown (of use to models that infer
    contexts; the network doesn't see it); ``cerebellum``, by what the cerebellum's output is
    scaled; ``learns=False`` for probes that leave no trace; ``epoch``, a label (the method's name
    unless given). `from_table` takes all of these trial by trial.

    Examples
    --------
    >>> schedule = Schedule().baseline(20).rotate(30, 160).rotate(-30, until="zero").clamp(80)
    >>> [block.epoch for block in schedule.blocks]
    ['baseline', 'rotate', 'rotate', 'clamp']
    >>> schedule.max_trials
    760
    """

    blocks: tuple[Block, ...] = ()

    def __post_init__(self) -> None:
        blocks: object = self.blocks
        if not isinstance(blocks, tuple) or not all(isinstance(each, Block) for each in blocks):
            raise ValueError(f"blocks: expected a tuple of blocks, got {self.blocks!r}")

    def baseline(self, n_trials: int | None = None, **options: Any) -> Schedule:
        """Add unperturbed trials before learning.

        Parameters
        ----------
        n_trials : int, optional
            Needed unless there is ``until``; with it, the limit (500).
        **options
            See `Schedule`.

        Returns
        -------
        Schedule
        """
        return self._add("baseline", 0.0, n_trials, options)

    def rotate(self, degrees: float, n_trials: int | None = None, **options: Any) -> Schedule:
        """Rotate the cursor about the start.

        Parameters
        ----------
        degrees : float
            Counter-clockwise.
        n_trials : int, optional
            Needed unless there is ``until``; with it, the limit (500).
        **options
            See `Schedule`.

        Returns
        -------
        Schedule
        """
        return self._add("rotate", degrees, n_trials, options)

    def curl(self, strength: float, n_trials: int | None = None, **options: Any) -> Schedule:
        """Push the hand sideways in proportion to its speed.

        Parameters
        ----------
        strength : float
            In N s/m.
        n_trials : int, optional
            Needed unless there is ``until``; with it, the limit (500).
        **options
            See `Schedule`.

        Returns
        -------
        Schedule
        """
        return self._add("curl", strength, n_trials, options)

    def clamp(self, n_trials: int | None = None, **options: Any) -> Schedule:
        """Clamp the error to zero, so that nothing new is learned.

        Parameters
        ----------
        n_trials : int, optional
            Needed unless there is ``until``; with it, the limit (500).
        **options
            See `Schedule`.

        Returns
        -------
        Schedule
        """
        return self._add("clamp", 0.0, n_trials, options)

    def washout(self, n_trials: int | None = None, **options: Any) -> Schedule:
        """Add unperturbed trials after learning.

        Parameters
        ----------
        n_trials : int, optional
            Needed unless there is ``until``; with it, the limit (500).
        **options
            See `Schedule`.

        Returns
        -------
        Schedule
        """
        return self._add("washout", 0.0, n_trials, options)

    def reverse(self, n_trials: int | None = None, **options: Any) -> Schedule:
        """Make the wrong answer the right one, in tasks with choices.

        Parameters
        ----------
        n_trials : int, optional
            Needed unless there is ``until``; with it, the limit (500).
        **options
            See `Schedule`.

        Returns
        -------
        Schedule
        """
        return self._add("reverse", 0.0, n_trials, options)

    @property
    def max_trials(self) -> int:
        """Trials if no block stops early."""
        return sum(block.n_trials for block in self.blocks)

    @property
    def uses(self) -> frozenset[str]:
        """Kinds of perturbation in it: "rotate", "curl", "clamp", "reverse"."""
        return frozenset().union(*(block.uses for block in self.blocks))

    @classmethod
    def from_table(cls, table: pandas.DataFrame | Mapping[str, Any]) -> Schedule:
        """Make a schedule of a table with a row a trial.

        Every column may be left out. Blocks are consecutive trials of the same epoch (and block).
        Where no condition is given, it is drawn, balanced within each block and each kind of
        trial: all that have the same perturbation, context, cerebellum and learns.

        Parameters
        ----------
        table : pandas.DataFrame, xarray.Dataset, or mapping of str to (n_trials,) array-like
            ``perturbation`` (or ``rotation``): of the cursor, in degrees counter-clockwise.
            ``curl``: strength of a force field in N s/m. ``clamp``, ``learns``, ``reversed``: True
            or False (1 or 0). ``target``: a label of the task, such as a direction in degrees;
            ``condition``: its place among the labels. ``context``, ``epoch``: labels.
            ``cerebellum``: scale of its output. ``trial``, ``side`` and ``expected`` are ignored,
            so ``run.truth.schedule`` is such a table.

        Returns
        -------
        Schedule

        Raises
        ------
        ValueError
            For no trials, an unknown column, or a value that is missing or of the wrong type;
            names column and row.

        Examples
        --------
        >>> schedule = Schedule.from_table(
        ...     {"perturbation": [0, 30, -30, 30], "context": ["", "A", "B", "A"]}
        ... )
        >>> [(row.perturbation.rotation, row.context) for row in schedule.blocks[0].rows]
        [(0.0, ''), (30.0, 'A'), (-30.0, 'B'), (30.0, 'A')]
        """
        return cls(blocks_of(table))

    def to_table(self) -> pandas.DataFrame:
        """List the trials: the table that `from_table` takes.

        Returns
        -------
        pandas.DataFrame
            A row a trial: rotation, curl, clamp, reversed, context, cerebellum, learns, epoch,
            block; target and condition if any is given.

        Raises
        ------
        ValueError
            If a block has ``until``: how many trials it takes is known after it.

        Examples
        --------
        >>> Schedule().rotate(30, 3, ramp=3).to_table()["rotation"].tolist()
        [10.0, 20.0, 30.0]
        """
        return table_of(self.blocks)

    def __add__(self, other: Schedule) -> Schedule:
        """Put one schedule after another."""
        if not isinstance(other, Schedule):
            return NotImplemented
        return Schedule((*self.blocks, *other.blocks))

    def __repr__(self) -> str:
        return schedule_text(self.blocks, self.max_trials)

    def _add(
        self, kind: Kind, size: float, n_trials: int | None, options: Mapping[str, Any]
    ) -> Schedule:
        return Schedule((*self.blocks, make_block(kind, size, n_trials, options)))
