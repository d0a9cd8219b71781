"""What `trialtensor rank` does once it knows what was asked."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from trialtensor.cli.rank_options import Count
from trialtensor.cli.running import INTERRUPTED, Recording, fit_and_write

if TYPE_CHECKING:
    import pandas

    from trialtensor.models import TCA, SliceTCA
    from trialtensor.selection import CrossValidatedSearch, Splitter

MAX_JOBS = 8  # by default: every process holds data of its own


@dataclass(frozen=True, eq=False)
class Ranking:
    """A search for the number of components, and the folder that it leaves behind."""

    estimator: "TCA | SliceTCA"
    candidates: list[Count]
    splits: "Splitter"
    rule: str
    n_jobs: int | None
    seed: int
    output: Path

    def run(self, recording: Recording) -> None:
        """Search, write what was found, then fit and write what was chosen."""
        from trialtensor.cli.ranking_files import CHOSEN, FITS, write_ranking
        from trialtensor.cli.writing import prepare

        search = self._search()
        prepare(self.output)
        typer.echo(self._plan())
        written = [FITS]
        try:
            search.fit(recording.tensor)
            profile = self._profile(recording)
            for name in write_ranking(search, profile, recording, self.output):
                written.append(name)
        except KeyboardInterrupt:
            typer.echo(f"error: interrupted; {self._kept()}", err=True)
            raise typer.Exit(INTERRUPTED) from None
        typer.echo(_describe(search, profile))
        typer.echo(f"written to {self.output}: {', '.join(written)}")
        if search.n_components_ in self.candidates:
            model = self._with_processes().set_params(n_components=search.n_components_, verbose=1)
            fit_and_write(recording, model, self.output / CHOSEN)

    def _search(self) -> "CrossValidatedSearch":
        from sklearn.base import clone

        from trialtensor.cli.ranking_files import FITS
        from trialtensor.selection import CrossValidatedSearch

        return CrossValidatedSearch(
            # Neither changes what is found, so neither may make another search of it.
            clone(self.estimator).set_params(n_jobs=None, verbose=0),
            self.candidates,
            splits=self.splits,
            rule=self.rule,
            refit=False,
            results=self.output / FITS,
            n_jobs=self._n_jobs(),
            random_state=self.seed,
            verbose=1,
        )

    def _profile(self, recording: Recording) -> "pandas.DataFrame":
        from trialtensor.selection import restart_profile

        profile = restart_profile(
            self._with_processes(),
            self.candidates,
            recording.tensor,
            random_state=self.seed,
            verbose=1,
        )
        if (profile["stop_reason"] == "interrupted").any():
            raise KeyboardInterrupt
        return profile

    def _with_processes(self) -> Any:
        from sklearn.base import clone

        return clone(self.estimator).set_params(n_jobs=self._n_jobs(), verbose=0)

    def _n_jobs(self) -> int:
        import joblib

        return self.n_jobs or min(MAX_JOBS, joblib.cpu_count())

    def _plan(self) -> str:
        n, repeats = len(self.candidates), self.splits.n_splits
        return (
            f"{n} candidate{'s' * (n > 1)} x {repeats} split{'s' * (repeats > 1)}: "
            f"{n * repeats} fits of {self.estimator.n_init} starts"
        )

    def _kept(self) -> str:
        """How much of the search is safe, for somebody who has just stopped it."""
        from trialtensor.cli.ranking_files import FITS

        path, total = self.output / FITS, len(self.candidates) * self.splits.n_splits
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        n_done = max(len(lines) - 1, 0)  # the first line says what the search is about
        return (
            f"{n_done} of {total} fits are in {path}; the same command goes on where this one "
            "stopped"
        )


def _describe(search: "CrossValidatedSearch", profile: "pandas.DataFrame") -> str:
    """The choice, and what has to be known before it is believed."""
    from trialtensor.report import search_wording as wording

    lines = [wording.answer_sentence(search), wording.agreement_sentence(search, profile)]
    lines += [f"note: {sentence}" for sentence in wording.cautions(search, profile)]
    return "\n".join(line for line in lines if line)
