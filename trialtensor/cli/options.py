"""Building an estimator from the command line, before any file is read."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from inspect import signature
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trialtensor.models import TrialEstimator

# Options that name a label, and the axis that it belongs to.
LABELS = {"blocks": "trial", "groups": "neuron"}
NUMBERS = ("no", "one", "two", "three", "four", "five", "six")


class Transform(StrEnum):
    """Transforms that `fit` can apply to the data first; see `trialtensor.data.transforms`."""

    none = "none"
    sqrt = "sqrt"
    log1p = "log1p"
    zscore = "zscore"


class Gauge(StrEnum):
    """How SliceTCA divides what its types share."""

    minimal_norm = "minimal-norm"
    trial_first = "trial-first"
    neuron_first = "neuron-first"
    time_first = "time-first"


@dataclass(frozen=True, eq=False)
class Fit:
    """The fit that the user asked for.

    Attributes
    ----------
    model : TrialEstimator
        Not fitted yet.
    options : dict
        Further arguments of ``fit``, besides the data.
    labels : dict
        Option -> the label that it names, among those of `LABELS`.
    """

    model: "TrialEstimator"
    options: dict[str, Any] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)


def find_kind(name: str) -> "type[TrialEstimator]":
    """Find the kind of model named after ``--model``.

    Raises
    ------
    ValueError
        If no package has registered such a kind.
    """
    from trialtensor.models import kind_named, kinds

    try:
        return kind_named(name)
    except ValueError:
        known = ", ".join(kind.command_name() for kind in kinds())
        raise ValueError(
            f"--model: no kind of model is called {name!r}; known are {known}"
        ) from None


def make_fit(
    kind: "type[TrialEstimator]", components: str, given: dict[str, Any], *, seed: int
) -> Fit:
    """Build an estimator, refusing wrong options before a large file is read.

    Parameters
    ----------
    kind : subclass of TrialEstimator
    components : str
        Text after ``--components``.
    given : dict
        Option -> value, for the constructor or for ``fit``; where one is None or False, the model's
        own default holds.
    seed : int
        Of everything that is drawn at random.

    Raises
    ------
    ValueError
        Naming the option or the parameter, its value and what is expected.
    """
    asked = {name: x for name, x in given.items() if x is not None and x is not False}
    count = parse_components(kind, components)
    for name, value in asked.items():
        check_option(kind, name, value)
    check_gauge(asked)
    options = {name: asked.pop(name) for name in kind.fit_options if name in asked}
    labels = {name: given[name] for name in LABELS if given.get(name) is not None}
    for name, value in (("random_state", seed), ("verbose", 1)):
        if name in parameters_of(kind):
            asked[name] = value
    model = kind(count, **asked)
    model.check_parameters()
    return Fit(model, options, labels)


def parameters_of(kind: "type[TrialEstimator]") -> Sequence[str]:
    """Return the parameter names of a kind of model."""
    return list(signature(kind).parameters)


def check_option(kind: "type[TrialEstimator]", name: str, value: Any) -> None:
    """Refuse an option that this kind of model doesn't have.

    Parameters
    ----------
    kind : subclass of TrialEstimator
    name : str
        Of the parameter of the model or of its ``fit``.
    value : what it got

    Raises
    ------
    ValueError
        Naming the option, the model, and the models that have the option.
    """
    from trialtensor.models import kinds

    def has(each: "type[TrialEstimator]") -> bool:
        return name in (*parameters_of(each), *each.fit_options)

    if has(kind):
        return
    others = ", ".join(each.command_name() for each in kinds() if has(each)) or "no model"
    option = name.replace("_", "-")
    got = "" if value is True else f"got {value}, but "
    raise ValueError(
        f"--{option}: {got}{kind.command_name()} has no {option}; it is an option of {others}"
    )


def parse_components(kind: "type[TrialEstimator]", text: str) -> int | tuple[int, ...]:
    """Parse one count, or one for each type of components of this kind of model.

    Examples
    --------
    >>> from trialtensor.cli.options import find_kind, parse_components
    >>> parse_components(find_kind("tca"), "6")
    6
    >>> parse_components(find_kind("slicetca"), "2,3,2")
    (2, 3, 2)
    """
    words = [word.strip() for word in text.split(",")]
    # isdecimal takes the digits of every script, as int does; no sign is a count.
    counts = tuple(int(word) for word in words if word.isdecimal())
    whole, types = len(counts) == len(words), kind.component_types
    if types:
        if not whole or len(counts) != len(types) or not any(counts):
            names = ",".join(name.partition("-")[0] for name in types)
            raise ValueError(
                f"--components: expected {_number(len(types))} counts {names} such as "
                f"{example('2,3,2', len(types))}, not all 0, got {text!r}"
            )
        return counts
    if not whole or len(counts) != 1 or counts[0] < 1:
        raise ValueError(
            f"--components: expected one count of at least 1 such as 6, got {text!r}"
            + _who_takes(len(words))
        )
    return counts[0]


def _who_takes(n: int) -> str:
    """Return the models that take this many counts, as a hint for the error message."""
    from trialtensor.models import kinds

    names = ", ".join(each.command_name() for each in kinds() if len(each.component_types) == n)
    return f"; {_number(n)} counts are for --model {names}" if n > 1 and names else ""


def _number(n: int) -> str:
    return NUMBERS[n] if n < len(NUMBERS) else str(n)


def example(text: str, n: int) -> str:
    """Return as many of the example's words as there are types."""
    words = text.split(",")
    return ",".join((words * n)[:n])


def check_gauge(given: dict[str, Any]) -> None:
    """Refuse a gauge with --nonnegative, where nothing can move between types."""
    if "gauge" in given and given.get("nonnegative"):
        raise ValueError(
            f"--gauge: got {given['gauge']} with --nonnegative, where it has no meaning: nothing "
            "can be moved between types without becoming negative; leave out one of the two"
        )
