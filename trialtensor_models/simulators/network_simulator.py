"""The network, its task and a schedule as a simulator."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from trialtensor.data.parameters import SEEDS, check_number, check_whole
from trialtensor_models.network import CCRNN
from trialtensor_models.plants import Plant
from trialtensor_models.sessions import Record, Run, Schedule, check_given, simulate
from trialtensor_models.tasks import CenterOut, Task


def _schedule() -> Schedule:
    return Schedule().baseline(20).rotate(30, 100).washout(20)


@dataclass(frozen=True, eq=False, kw_only=True)
class CCRNNSimulator:
    """Sessions of the cerebello-cortical network.

    Parameters
    ----------
    model : CCRNN, optional
        The first network of the package unless given.
    task : task
    schedule : Schedule
        20 trials of baseline, 100 of a rotation by 30 degrees and 20 of washout unless given.
    plant : plant, optional
        A point mass unless given.
    record : {"all", "activity", "behaviour"}
    outcome : float
        Seconds that are recorded after the movement.

    Examples
    --------
    >>> simulator = CCRNNSimulator(schedule=Schedule().rotate(30, 3), record="activity")
    >>> simulator.simulate(0).activity.sizes["trial"]
    3
    """

    model: CCRNN = field(default_factory=CCRNN.pretrained)
    task: Task = field(default_factory=lambda: CenterOut(n_targets=1))
    schedule: Schedule = field(default_factory=_schedule)
    plant: Plant | None = None
    record: Record = "all"
    outcome: float = 0.0

    name: ClassVar[str] = "ccrnn"

    def __post_init__(self) -> None:
        check_given(self.model, self.task, self.schedule, self.plant, self.record)
        check_number("outcome", self.outcome, least=0)

    def simulate(self, seed: int = 0) -> Run:
        """Simulate a session; see `trialtensor_models.simulate`.

        Parameters
        ----------
        seed : int

        Returns
        -------
        Run
        """
        check_whole("seed", seed, 0, SEEDS)
        return simulate(
            self.model,
            self.task,
            self.schedule,
            seed=seed,
            plant=self.plant,
            record=self.record,
            outcome=self.outcome,
        )
