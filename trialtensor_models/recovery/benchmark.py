"""How much of what is known do methods find: every method on every problem, one table."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from trialtensor.data.parameters import REPEATS, check_instance, check_whole, some_of
from trialtensor_models.analysis import score_recovery
from trialtensor_models.recovery.entry import Entry
from trialtensor_models.recovery.figure import plot_benchmark
from trialtensor_models.recovery.finding import fitted_copy, what_it_found
from trialtensor_models.recovery.methods import METHODS
from trialtensor_models.recovery.problems import PROBLEMS, Problem, packaged_problems
from trialtensor_models.recovery.text import benchmark_text

if TYPE_CHECKING:
    import pandas
    from matplotlib.figure import Figure


@dataclass(frozen=True, repr=False)
class RecoveryBenchmark:
    """Scores of methods on problems.

    Attributes
    ----------
    entries : tuple of Entry
    n_components : int
    """

    entries: tuple[Entry, ...]
    n_components: int

    def __repr__(self) -> str:
        return benchmark_text(self.entries)

    @property
    def table(self) -> pandas.DataFrame:
        """A row a method, problem and score."""
        import pandas

        return pandas.DataFrame(self.as_rows())

    def as_rows(self) -> list[dict[str, Any]]:
        """The entries, for programs; None where there is no number."""
        return [
            {name: None if value != value else value for name, value in asdict(entry).items()}
            for entry in self.entries
        ]

    def plot(self, *, figure: Any = None) -> Figure:
        """Draw every score beside 95 % of its null; a panel a score, a line a method.

        Parameters
        ----------
        figure : Figure or SubFigure, optional
            Drawn into; by default a new one.
        """
        return plot_benchmark(self.entries, figure)


def recovery_benchmark(
    methods: Mapping[str, Any] | None = None,
    *,
    problems: Iterable[str | Problem] | None = None,
    only: Iterable[str] | None = None,
    n_components: int = 6,
    n_shuffles: int = 200,
    random_state: int = 0,
    report: Callable[[str, str], None] | None = None,
) -> RecoveryBenchmark:
    """Score methods on data whose learning curves and patterns are known.

    Scores are those of `trialtensor_models.analysis.score_recovery`: R² of the fast and slow
    learning curve on all trial factors, beside curves that are as slow; overlap of the neurons
    that change; whether neurons' shares of the fast part tell regions apart.

    Parameters
    ----------
    methods : mapping of str to object, optional
        One's own, scored beside those of the package: anything with ``fit(X)`` for an (n_trials,
        n_neurons, n_times) array and one of ``trial_factors_`` (with ``neuron_factors_`` and
        ``time_factors_``), ``trial_loadings_`` or ``transform(X)``, which give a weight for each
        trial and component. ``trial_slices_`` are their patterns, (n_components, n_neurons,
        n_times); without, only learning curves are scored. `Unfolded` makes one of a method for
        matrices. What fails is named in the table with its error.
    problems : iterable of str or Problem, optional
        Names of `PROBLEMS`, or one's own data; all of the package unless given.
    only : iterable of str, optional
        Which of the package's methods are scored; all unless given.
    n_components : int
        Of the package's methods; sliceTCA divides them among its types.
    n_shuffles : int
        Of each null.
    random_state : int
        Of the nulls.
    report : callable, optional
        Called with method and problem before each fit.

    Returns
    -------
    RecoveryBenchmark

    Raises
    ------
    ValueError
        If there is no method or problem of a name, or a number is out of range.

    Examples
    --------
    >>> from sklearn.decomposition import PCA
    >>> from trialtensor_models.recovery import Unfolded
    >>> found = recovery_benchmark(
    ...     {"mine": Unfolded(PCA(3))}, problems=["exact CP"], only=["TCA"], n_components=3
    ... )
    >>> fast = found.table.query("score == 'fast'").set_index("method")["value"]
    >>> bool((fast > 0.9).all())
    True
    """
    check_whole("n_components", n_components, 1), check_whole("n_shuffles", n_shuffles, 1, REPEATS)
    check_whole("random_state", random_state, 0)
    check_instance("report", report, Callable | None, "a function of two names")
    chosen = some_of("only", only, METHODS)
    absent = [name for name in chosen if not METHODS[name].is_there]
    cast = {name: METHODS[name].make(n_components) for name in chosen if name not in absent}
    cast |= _own(methods, chosen)
    entries: list[Entry] = []
    for problem in _problems(problems):
        for name, method in cast.items():
            if report is not None:
                report(name, problem.name)
            entries += _entries(name, method, problem, n_shuffles, random_state)
        for name in absent:
            missing = f"not installed: pip install {METHODS[name].needs}"
            entries.append(Entry(method=name, problem=problem.name, remark=missing))
    return RecoveryBenchmark(tuple(entries), n_components)


def _own(methods: Mapping[str, Any] | None, taken: Iterable[str]) -> dict[str, Any]:
    if not isinstance(methods, Mapping | None):
        raise ValueError(f"methods: expected objects by name, got {type(methods).__name__}")
    own = dict(methods or {})
    for name in own:
        if name in taken:
            raise ValueError(f"methods: {name!r} is a method of the package; give another name")
    return own


def _problems(wanted: Iterable[str | Problem] | None) -> list[Problem]:
    if wanted is None:
        return packaged_problems()
    if isinstance(wanted, str) or not isinstance(wanted, Iterable):
        raise ValueError(f"problems: expected a list of names, got {wanted!r}")
    given = list(wanted)
    some_of("problems", [each for each in given if not isinstance(each, Problem)], PROBLEMS)
    return [each if isinstance(each, Problem) else packaged_problems([each])[0] for each in given]


def _entries(
    name: str, method: Any, problem: Problem, n_shuffles: int, random_state: int
) -> list[Entry]:
    """Score one method on one problem; whatever it raises is said."""
    started = time.process_time()
    try:
        fitted = fitted_copy(method, problem.X)
        seconds = time.process_time() - started
        found = what_it_found(fitted, problem.X)
        recovery = score_recovery(
            found, problem.truth, n_shuffles=n_shuffles, random_state=random_state
        )
    except Exception as error:  # anything may be plugged in
        first = (str(error).splitlines() or [""])[0]
        return [
            Entry(
                method=name, problem=problem.name, remark=f"failed: {type(error).__name__}: {first}"
            )
        ]
    return [
        Entry(
            method=name,
            problem=problem.name,
            score=score,
            value=each.value,
            chance=each.chance,
            p_value=each.p_value,
            seconds=seconds,
        )
        for score, each in recovery.scores.items()
    ]
