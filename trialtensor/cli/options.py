"""From the words of a command line to an estimator, before any file is read."""

from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trialtensor.models import TCA, SliceTCA


class Transform(StrEnum):
    """What `fit` may do to the data first, see `trialtensor.data.transforms`."""

    none = "none"
    sqrt = "sqrt"
    log1p = "log1p"
    zscore = "zscore"


class Model(StrEnum):
    """Decompositions that `fit` offers."""

    tca = "tca"
    slicetca = "slicetca"


class Gauge(StrEnum):
    """How SliceTCA divides what its types share."""

    minimal_norm = "minimal-norm"
    trial_first = "trial-first"
    neuron_first = "neuron-first"
    time_first = "time-first"


ESTIMATORS = {Model.tca: "TCA", Model.slicetca: "SliceTCA"}


def make_model(kind: Model, components: str, parameters: dict[str, Any]) -> "TCA | SliceTCA":
    """Build an estimator; refuse wrong parameters before a large file is read.

    Parameters
    ----------
    kind : Model
    components : str
        What was typed after ``--components``.
    parameters : dict
        Further arguments of the estimator; where one is None, the estimator's own default holds.

    Raises
    ------
    ValueError
        Naming the option or the parameter, what it got and what it needs.
    """
    from trialtensor import models

    given = {name: value for name, value in parameters.items() if value is not None}
    count = parse_components(kind, components)
    check_gauge(kind, given)
    model = getattr(models, ESTIMATORS[kind])(count, **given, verbose=1)
    model.check_parameters()
    return model


def parse_components(kind: Model, text: str) -> int | tuple[int, ...]:
    """One count for TCA, three for SliceTCA.

    Examples
    --------
    >>> from trialtensor.cli.options import Model, parse_components
    >>> parse_components(Model.tca, "6"), parse_components(Model.slicetca, "2,3,2")
    (6, (2, 3, 2))
    """
    words = [word.strip() for word in text.split(",")]
    # isdecimal takes the digits of every script, as int does; no sign is a count.
    counts = tuple(int(word) for word in words if word.isdecimal())
    whole = len(counts) == len(words)
    if kind is Model.tca:
        if not whole or len(counts) != 1 or counts[0] < 1:
            raise ValueError(
                f"--components: expected one count of at least 1 such as 6, got {text!r}; three "
                "counts are for --model slicetca"
            )
        return counts[0]
    if not whole or len(counts) != 3 or not any(counts):
        raise ValueError(
            "--components: expected three counts trial,neuron,time such as 2,3,2, not all 0, "
            f"got {text!r}"
        )
    return counts


def check_gauge(kind: Model, given: dict[str, Any]) -> None:
    """Refuse a gauge where nothing can be moved between types."""
    if "gauge" not in given:
        return
    if kind is not Model.slicetca:
        raise ValueError(
            f"--gauge: got {given['gauge']}, but {kind} has no gauge; it is an option of slicetca"
        )
    if given.get("nonnegative"):
        raise ValueError(
            f"--gauge: got {given['gauge']} with --nonnegative, where it has no meaning: nothing "
            "can be moved between types without becoming negative; leave out one of the two"
        )
