"""What `trialtensor track` does once it knows what was asked."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    import xarray

    from trialtensor.tracking import PatternChange, Tracking

PATTERNS = "tracking_patterns.csv"
FIGURE, REPORT = "figures/tracking.png", "tracking.html"
MIN_PATTERN_TRIALS = 16  # of a set, for its eight runs
TABLES = ("series", "summary", "changes", "blocks", "contrasts", "relations", "rates")


@dataclass(frozen=True, eq=False)
class Following:
    """Components of a model over trials, and the folder for what is found."""

    labels: str | None
    behaviour: str | None
    perturbation: str | None
    learning_block: str | None
    seed: int
    output: Path

    def check_names(self, tensor: "xarray.DataArray") -> None:
        """Refuse labels that aren't there before a long fit."""
        known = sorted(str(name) for name, each in tensor.coords.items() if each.dims == ("trial",))
        for argument, name in self._named().items():
            if name is not None and name not in known:
                raise ValueError(
                    f"--{argument}: no label of trials is called {name!r}; known are "
                    f"{', '.join(known) or 'none'}"
                )

    def run(self, model: Any, source: Path, command: str, code: str, X: Any = None) -> None:
        """Track, then write tables, figure and page; with data also whether neurons stay."""
        from trialtensor.cli.writing import prepare, remove, write_whole
        from trialtensor.report.tracking_wording import overview_sentence
        from trialtensor.tracking import track

        tracking = track(
            model,
            labels=self.labels,
            behaviour=self.behaviour,
            perturbation=self.perturbation,
            learning_block=self._block(model),
            random_state=self.seed,
        )
        prepare(self.output)
        patterns = None if X is None else _patterns(X, model, tracking, self.seed)
        names = [name for name in TABLES if getattr(tracking, name) is not None]
        remove(self.output, (*_tables(TABLES), PATTERNS, FIGURE, REPORT))
        steps: list[tuple[tuple[str, ...], Callable[[], Any]]] = [
            (_tables(names), lambda: self._write_tables(tracking, names)),
            ((FIGURE,), lambda: self._write_figure(tracking)),
            ((REPORT,), lambda: self._write_report(tracking, patterns, source, command, code)),
        ]
        if patterns is not None:
            table, path = patterns.components, self.output / PATTERNS
            steps.insert(1, ((PATTERNS,), lambda: table.to_csv(path, index=False)))
        written = list(write_whole(self.output, steps))
        typer.echo(overview_sentence(tracking))
        typer.echo(f"written to {self.output}: {', '.join(written)}")

    def _named(self) -> dict[str, str | None]:
        """Labels of trials that were asked for, by argument."""
        return {name: getattr(self, name) for name in ("labels", "behaviour", "perturbation")}

    def _block(self, model: Any) -> Any:
        """What was typed, as the label that it names."""
        if self.learning_block is None or self.labels not in getattr(model, "coords_", {}):
            return self.learning_block
        labels = model.coords_[self.labels][1].tolist()
        return next((x for x in labels if str(x) == self.learning_block), self.learning_block)

    def _write_tables(self, tracking: "Tracking", names: list[str]) -> None:
        for name in names:
            table = getattr(tracking, name)
            label = "trial" if name == "series" else None
            path = self.output / _tables([name])[0]
            table.to_csv(path, index=name == "series", index_label=label)

    def _write_figure(self, tracking: "Tracking") -> None:
        import matplotlib

        matplotlib.use("Agg")
        from trialtensor.plotting import plot_tracking

        plot_tracking(tracking)[0].figure.savefig(self.output / FIGURE, dpi=150)

    def _write_report(
        self, tracking: "Tracking", patterns: Any, source: Path, command: str, code: str
    ) -> None:
        from trialtensor.report import write_tracking_report

        given = self._named().items()
        named = "".join(f", {name}={each!r}" for name, each in given if each is not None)
        if self.learning_block is not None:
            named += f", learning_block={self.learning_block!r}"
        write_tracking_report(
            tracking,
            self.output / REPORT,
            patterns=patterns,
            periods="the first block and the second half of the block of learning",
            source=source,
            command=command,
            code=f"{code}\ntracking = trialtensor.track(model{named}, random_state={self.seed})",
        )


def _tables(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(f"tracking_{name}.csv" for name in names)


def _patterns(X: Any, model: Any, tracking: "Tracking", seed: int) -> "PatternChange | None":
    """The first block against the second half of the learning block, if both are long enough."""
    import numpy as np

    from trialtensor.tracking import pattern_change

    if tracking.labels is None:
        return None
    trials = np.arange(len(tracking.labels))
    first, last = tracking.learning_trials
    early = trials[tracking.labels == tracking.labels[0]]
    late = trials[(first + last + 1) // 2 : last + 1]
    if min(len(early), len(late)) < MIN_PATTERN_TRIALS or np.isin(late, early).any():
        return None
    return pattern_change(X, early, late, components=model, random_state=seed)
