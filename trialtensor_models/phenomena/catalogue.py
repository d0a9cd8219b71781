"""All phenomena, by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from trialtensor.data.parameters import check_instance, some_of
from trialtensor_models.phenomena.cast import Cast, cast_of
from trialtensor_models.phenomena.directions import (
    generalisation,
    many_targets,
    opposite_rotations,
)
from trialtensor_models.phenomena.learning import (
    after_effect,
    counter_trials,
    learning_curve,
    no_cortical_plasticity,
    slow_share,
)
from trialtensor_models.phenomena.lesions import (
    block_after_learning,
    scaled_output,
    teachers_under_block,
)
from trialtensor_models.phenomena.memory import (
    consolidation_without_forgetting,
    interference,
    retained_in_clamp,
    savings,
    savings_after_washout,
    spontaneous_recovery,
)
from trialtensor_models.phenomena.reaches import (
    accuracy,
    hand_path,
    nuclei_match,
    one_trial_rates,
)
from trialtensor_models.phenomena.rows import Row

PHENOMENA: Mapping[str, Callable[[Cast], list[Row]]] = {
    "reaches": accuracy,
    "learning": learning_curve,
    "slow share": slow_share,
    "after-effect": after_effect,
    "counter-trials": counter_trials,
    "spontaneous recovery": spontaneous_recovery,
    "savings": savings,
    "interference": interference,
    "retention": retained_in_clamp,
    "no cortical plasticity": no_cortical_plasticity,
    "scaled cerebellum": scaled_output,
    "cerebellar block": block_after_learning,
    "teachers": teachers_under_block,
    "consolidation": consolidation_without_forgetting,
    "one-trial rates": one_trial_rates,
    "hand path": hand_path,
    "nuclei": nuclei_match,
    "generalisation": generalisation,
    "many targets": many_targets,
    "opposite rotations": opposite_rotations,
    "savings after washout": savings_after_washout,
}


def measure_all(cast: Cast | None = None, only: Iterable[str] = ()) -> Iterator[Row]:
    """The rows of all phenomena, or of some.

    Parameters
    ----------
    cast : Cast, optional
    only : names from `PHENOMENA`, optional

    Raises
    ------
    ValueError
        If there is no such phenomenon.
    """
    chosen = some_of("only", only, PHENOMENA) or list(PHENOMENA)
    check_instance("cast", cast, Cast | None, "a Cast, as cast_of makes")
    cast = cast or cast_of()
    for name in chosen:
        yield from PHENOMENA[name](cast)
