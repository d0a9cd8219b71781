"""Running `trialtensor track` once its options are parsed."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from trialtensor.cli.console import say
from trialtensor.cli.first import First
from trialtensor.cli.folder import claimed
from trialtensor.cli.options import Fit, find_kind, make_fit
from trialtensor.cli.reading import Reading
from trialtensor.cli.recording import Recording, as_typed, check_label
from trialtensor.cli.results import Written, remove
from trialtensor.cli.running import exit_if_incomplete, fit_into, tell
from trialtensor.cli.writing import MODEL, possible_names

if TYPE_CHECKING:
    import numpy as np
    import pandas
    import xarray

    from trialtensor.models import TrialEstimator
    from trialtensor.tracking import PatternChange, Tracking

PATTERNS = "tracking_patterns.csv"
FIGURE, REPORT = "figures/tracking.png", "tracking.html"
MIN_PATTERN_TRIALS = 16  # of a set, for its eight runs
TABLES = (
    "series", "summary", "changes", "blocks", "contrasts", "relations", "rates", "unstable",
)  # fmt: skip
NAMES = (*(f"tracking_{name}.csv" for name in TABLES), PATTERNS, FIGURE, REPORT)


@dataclass(frozen=True, eq=False)
class Following:
    """Components of a model to follow over trials, and the output folder.

    Attributes
    ----------
    labels, conditions, behaviour, perturbation, learning_block : str or None
        As typed, for `trialtensor.tracking.track`.
    seed : int
    output : Path
    dataset : str or None
        For models of several datasets: whose components.
    exclude_unstable : bool
        Leave out neurons that drop out or drift.
    static : bool
        Whether pages have no scripts.
    """

    labels: str | None
    conditions: str | None
    behaviour: str | None
    perturbation: str | None
    learning_block: str | None
    seed: int
    output: Path
    dataset: str | None = None
    exclude_unstable: bool = False
    static: bool = False

    def check_names(self, tensor: "xarray.DataArray", asked: Fit) -> None:
        """Refuse labels and datasets that don't exist, before a long fit.

        Parameters
        ----------
        tensor : xarray.DataArray
            The recording.
        asked : Fit
            The fit to run.

        Raises
        ------
        ValueError
            Naming the option, and what there is.
        """
        for option, name in self._labels().items():
            check_label(tensor, option, name)
        if self.dataset is None:
            return
        groups = asked.labels.get("groups")
        if groups is None:
            raise ValueError(
                f"--dataset: got {self.dataset!r}, but without --groups there are no datasets; it "
                "is an option of coupled, whose --groups names the neuron label of datasets"
            )
        from trialtensor.data.labels import as_names
        from trialtensor.io.labels import known_labels

        known = dict.fromkeys(map(str, as_names(known_labels(tensor.coords[groups]))))
        if self.dataset not in known:
            raise ValueError(
                f"--dataset: {groups} has no {self.dataset!r}; known are {', '.join(known)}"
            )

    def run(
        self, model: "TrialEstimator", source: Path, command: str, code: str, X: Any = None
    ) -> Written:
        """Track, then write tables, figure and page; with data, also test whether neurons stay.

        Parameters
        ----------
        model : fitted model
        source : Path
            Where the model or the recording came from.
        command, code : str
            The command line; Python code that makes the model.
        X : xarray.DataArray, optional
            The recording.

        Returns
        -------
        Written
            What is there now; what isn't has been said.
        """
        from trialtensor.report.tracking_headline import overview_sentence
        from trialtensor.tracking import track

        labels: dict[str, Any] = self._labels()
        tracking = track(
            model,
            X,
            dataset=self.dataset,
            **labels,
            learning_block=self._block(model),
            exclude="unstable" if self.exclude_unstable else None,
            random_state=self.seed,
        )
        patterns = None if X is None else self._patterns(X, model, tracking)
        names = [name for name in TABLES if getattr(tracking, name) is not None]
        remove(self.output, NAMES)
        (self.output / FIGURE).parent.mkdir(parents=True, exist_ok=True)
        steps: list[tuple[tuple[str, ...], Callable[[], Any]]] = [
            *((_tables([n]), partial(self._write, n, getattr(tracking, n))) for n in names),
            ((FIGURE,), lambda: self._write_figure(tracking)),
            ((REPORT,), lambda: self._write_report(tracking, patterns, source, command, code)),
        ]
        if patterns is not None:
            table = ((PATTERNS,), partial(self._write, "patterns", patterns.components))
            steps.insert(len(names), table)
        written = Written(self.output)
        written.run(steps)
        say(overview_sentence(tracking))
        tell(written)
        return written

    def _labels(self) -> dict[str, str | None]:
        """Return the trial labels that were asked for, by option."""
        names = ("labels", "conditions", "behaviour", "perturbation")
        return {name: getattr(self, name) for name in names}

    def _block(self, model: "TrialEstimator") -> Any:
        """Return the label that the typed text names."""
        from trialtensor.tracking.series import check_labels

        coords = model.fitted_.coords
        if self.learning_block is None or self.labels is None or self.labels not in coords:
            return self.learning_block
        names, _ = check_labels(coords[self.labels][1], len(coords[self.labels][1]))
        typed = self.learning_block
        # Whole numbers are floats where some are missing.
        texts = [(str(x), f"{x:g}" if isinstance(x, float) else "") for x in names]
        return next((x for x, both in zip(names, texts, strict=True) if typed in both), typed)

    def _patterns(
        self, X: "xarray.DataArray", model: "TrialEstimator", tracking: "Tracking"
    ) -> "PatternChange | None":
        """Compare the first block with the second half of the learning block, if long enough.

        Nothing for a model without time courses to compare neurons by: a line says why.
        """
        from trialtensor.data.labels import as_names, plain_labels
        from trialtensor.tracking import pattern_change

        sets = _periods(tracking)
        if sets is None:
            return None
        if self.dataset is not None:
            groups = X.coords[model.get_params(deep=False)["groups"]]
            names = as_names(plain_labels(groups))
            X = X.isel(neuron=[str(name) == self.dataset for name in names])
        try:
            return pattern_change(
                X,
                *sets,
                components=model,
                dataset=self.dataset,
                conditions=None if self.conditions is None else X.coords[self.conditions].values,
                random_state=self.seed,
            )
        except ValueError as error:
            say(f"note: whether neurons stay the same was not tested: {error}", err=True)
            return None

    def _write(self, name: str, table: "pandas.DataFrame") -> None:
        from trialtensor.storage import frame_text, write_whole

        label = "trial" if name == "series" else None
        text = frame_text(table, index=label is not None, index_label=label)
        write_whole(self.output / _tables([name])[0], text)

    def _write_figure(self, tracking: "Tracking") -> None:
        import matplotlib

        matplotlib.use("Agg")
        from trialtensor.plotting import plot_tracking
        from trialtensor.storage import write_figure

        write_figure(plot_tracking(tracking)[0].figure, self.output / FIGURE)

    def _write_report(
        self, tracking: "Tracking", patterns: Any, source: Path, command: str, code: str
    ) -> None:
        from trialtensor.report import write_tracking_report

        given = {
            "dataset": self.dataset,
            **self._labels(),
            "learning_block": self.learning_block,
            "exclude": "unstable" if self.exclude_unstable else None,
        }
        seed = f"random_state={self.seed}"
        data = ", X" if tracking.replication is not None else ""
        named = "".join(f", {name}={each!r}" for name, each in given.items() if each is not None)
        write_tracking_report(
            tracking,
            self.output / REPORT,
            patterns=patterns,
            periods="the first block and the second half of the block of learning",
            source=source,
            command=command,
            code=f"{code}\ntracking = trialtensor.track(model{data}{named}, {seed})",
            static=self.static,
        )


def _tables(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(f"tracking_{name}.csv" for name in names)


def _periods(tracking: "Tracking") -> "tuple[np.ndarray, np.ndarray] | None":
    """Return the trials of the first block, and of the second half of the learning block."""
    import numpy as np

    from trialtensor.tracking.series import check_labels

    if tracking.labels is None:
        return None
    trials = np.arange(len(tracking.labels))
    first, last = tracking.learning_trials
    early = trials[check_labels(tracking.labels, len(trials))[1] == 0]
    late = trials[(first + last + 1) // 2 : last + 1]
    if min(len(early), len(late)) < MIN_PATTERN_TRIALS or np.isin(late, early).any():
        return None
    return early, late


def loading_code(path: Path, recording: "Recording | None") -> str:
    """Return Python code that loads a saved model, and reads its recording."""
    code = f"import trialtensor\n\nmodel = trialtensor.load({str(path)!r})"
    return code if recording is None else f"{code}\n{recording.code}"


def refuse_options_of_a_fit(given: Mapping[str, Any]) -> None:
    """Refuse options for fitting when given a fitted model.

    Parameters
    ----------
    given : dict
        Option -> value, None or False where it wasn't given.

    Raises
    ------
    ValueError
        Naming the first that was given.
    """
    for name, value in given.items():
        if value:
            raise ValueError(
                f"--{name}: says how to fit, but without --components the file is a model that "
                "has been fitted; give --components to fit one to a recording, or leave it out"
            )


def follow_model(
    following: Following,
    file: Path,
    data: Path | None,
    fit: Mapping[str, Any],
    reading: Mapping[str, Any],
    context: typer.Context,
) -> None:
    """Follow the components of a saved model, with its recording if that is given.

    Parameters
    ----------
    following : Following
    file, data : Path
        The model; its recording.
    fit, reading : dict
        Options on how to fit, which are refused; on how to read the recording, unless as then.
    context : typer.Context
        Of the command.
    """
    from trialtensor.models import load

    refuse_options_of_a_fit(fit)
    model = load(file)
    again = None if data is None else Recording.again(data, model, reading, context)
    if again is None and following.exclude_unstable:
        raise ValueError("--exclude-unstable: needs --data, the recording of the fit")
    code, X = loading_code(file, again), None if again is None else again.tensor
    with claimed(following.output, NAMES):
        written = following.run(model, file, as_typed(context), code, X)
    exit_if_incomplete(written)


def follow_recording(
    following: Following,
    file: Path,
    components: str,
    fit: Mapping[str, Any],
    reading: Mapping[str, Any],
    context: typer.Context,
) -> None:
    """Fit a model to a recording, and follow its components; parameters as of `follow_model`."""
    options = {name: value for name, value in fit.items() if name != "model"}
    asked = make_fit(find_kind(fit["model"] or "tca"), components, options, seed=following.seed)
    how = Reading.again({}, reading)
    read: dict[str, Any] = {"first": First.again({}, reading), "labels": asked.labels}
    recording = Recording.read(file, how, color_by=None, context=context, **read)
    following.check_names(recording.tensor, asked)
    with claimed(following.output, (*possible_names(), *NAMES)):
        written = fit_into(recording, asked, following.output, static=following.static)
        following = replace(following, output=written.folder)
        code = loading_code(written.folder / MODEL, recording)
        followed = following.run(asked.model, file, as_typed(context), code, recording.tensor)
    exit_if_incomplete(written, followed)
