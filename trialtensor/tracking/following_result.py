"""What is found of all components over trials."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from trialtensor.data.shown import OneLine
from trialtensor.tracking.learning import LearningCurve
from trialtensor.tracking.relation import Relation
from trialtensor.tracking.replication import Replication
from trialtensor.tracking.transitions import Transitions
from trialtensor.tracking.two_rate import TwoRateFit

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True, eq=False, repr=False)
class Tracking(OneLine):
    """Results on every component over trials, including tidy tables.

    Attributes
    ----------
    series : pandas.DataFrame
        One row per trial, one column per component (and ``behaviour``, if given). With several
        datasets, names include the dataset: "component 1, cortex".
    summary : pandas.DataFrame
        One row per series: ``n_changes``, ``probability`` of any, ``change_p`` and
        ``change_p_adjusted`` (Holm, over components; behaviour is not adjusted), whether it
        ``wanders`` as a random walk does; the ``model`` of learning within the block of learning,
        its first and second time constants in trials with intervals, ``start``, ``plateau`` and
        ``slope`` (per trial), and ``n_effective``, the effective number of independent trials.
    changes : pandas.DataFrame
        One row per transition of a series that changes significantly; with data also of those whose
        neurons confirm a change that is significant but for the number of components: ``series``,
        ``onset``, ``time_constant`` and ``amplitude``, each with ``_low`` and ``_high``, and
        ``kind``, as in the table of `transitions`; the levels ``before`` and ``after`` it, up to
        the next one; and ``replicated``: what the component's neurons say of it, as from
        `replicate`, or "not checked" without data.
    blocks, contrasts : pandas.DataFrame or None
        Means of blocks and their differences, as from `block_contrasts`, with ``series`` first;
        ``p_adjusted`` is for all pairs of all components. Blocks in which a series has fewer than
        5 values are left out for this series.
    relations : pandas.DataFrame or None
        One row per component: ``lead`` of the component over behaviour in trials with its
        interval, ``correlation`` from trial to trial, ``p_value``, ``p_adjusted`` (Holm).
    rates : pandas.DataFrame or None
        With a perturbation, one row per series, as from `fit_adaptation`.
    found, learning : dict
        By series: `Transitions` over all trials, `LearningCurve` of the block of learning.
    related : dict of str -> Relation
    adaptation : dict of str -> TwoRateFit
        Of the series whose model isn't "none".
    from_model : bool
        Whether series are courses of a model's components.
    replication : Replication or None
        What the neurons say of changes; None without data.
    unstable : pandas.DataFrame or None
        Neurons that drop out or drift, as from `unstable_neurons`; None without data.
    excluded : tuple of str
        Names of the neurons that were left out.
    trial_numbers : (n_trials,) array or None
        The model's coordinate of trials, if it has one; everything else counts them from 0.
    labels : (n_trials,) array or None
        As from `trialtensor.data.labels.plain_labels`: None or NaN for trials in no block.
    learning_block : label or None
        The block that learning curves were fitted to; None for all trials.
    learning_trials : (2,) tuple of int
        Its first and last trial.
    alpha, level : float
        Significance level of changes, and coverage of intervals.
    cautions : tuple of str
        What may mislead: components that can't be interpreted one by one, an order of trials that
        isn't time, preparations of data that invent courses. A sentence or more each.
    made : dict
        How the tensor of the model was made, as from `trialtensor.data.making.making_of`.
    """

    tables_shown: ClassVar[tuple[str, ...]] = ("changes", "summary", "contrasts")

    series: pandas.DataFrame
    summary: pandas.DataFrame
    changes: pandas.DataFrame
    blocks: pandas.DataFrame | None
    contrasts: pandas.DataFrame | None
    relations: pandas.DataFrame | None
    rates: pandas.DataFrame | None
    found: dict[str, Transitions]
    learning: dict[str, LearningCurve]
    related: dict[str, Relation]
    adaptation: dict[str, TwoRateFit]
    from_model: bool
    replication: Replication | None
    trial_numbers: np.ndarray | None
    labels: np.ndarray | None
    learning_block: Any
    learning_trials: tuple[int, int]
    alpha: float
    level: float
    cautions: tuple[str, ...] = ()
    unstable: pandas.DataFrame | None = None
    excluded: tuple[str, ...] = ()
    made: Mapping[str, Any] = field(default_factory=dict)

    @property
    def caution(self) -> str:
        """All that may mislead, in one text; empty if nothing does."""
        return " ".join(self.cautions)
