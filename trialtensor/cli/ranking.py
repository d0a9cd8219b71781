"""Running `trialtensor rank` once its options are parsed."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from trialtensor.cli.console import interrupted_status, say
from trialtensor.cli.folder import claimed
from trialtensor.cli.options import Fit
from trialtensor.cli.rank_options import Count
from trialtensor.cli.recording import Recording
from trialtensor.cli.results import Written
from trialtensor.cli.running import exit_if_incomplete, fit_into, tell

if TYPE_CHECKING:
    import pandas

    from trialtensor.selection import CrossValidatedSearch, Splitter

MAX_JOBS = 8  # by default: every process holds data of its own


@dataclass(frozen=True, eq=False)
class Ranking:
    """A search for the number of components, and its output folder.

    Attributes
    ----------
    asked : Fit
        The fit to run with every candidate.
    candidates : list
    splits : Splitter
    rule : str
    n_jobs : int or None
        Fits at a time.
    seed : int
    output : Path
    static : bool
        Whether pages have no scripts.
    """

    asked: Fit
    candidates: list[Count]
    splits: "Splitter"
    rule: str
    n_jobs: int | None
    seed: int
    output: Path
    static: bool = False

    def run(self, recording: Recording) -> None:
        """Search, write the results, then fit the choice and write that."""
        from trialtensor.cli.ranking_files import CHOSEN, NAMES
        from trialtensor.cli.writing import possible_names

        chosen = self.output / CHOSEN
        with claimed(self.output, NAMES), claimed(chosen, possible_names()):
            exit_if_incomplete(*self._run(recording, chosen))

    def _run(self, recording: Recording, chosen: Path) -> list[Written]:
        """Do all of it in folders that are claimed."""
        from trialtensor.cli.ranking_files import FITS, write_ranking

        search = self._search(recording)
        say(self._plan())
        written = Written(self.output, [FITS])
        try:
            search.fit(recording.data, **self.asked.options)
            profile = self._profile(recording)
            write_ranking(
                search, profile, recording, written, self.asked.options, static=self.static
            )
        except KeyboardInterrupt:
            say(f"error: interrupted; {self._kept()}", err=True)
            raise typer.Exit(interrupted_status()) from None
        say(_describe(search, profile))
        tell(written)
        if search.n_components_ not in self.candidates:
            return [written]
        changes = {"n_components": search.n_components_, "verbose": 1}
        fit = replace(self.asked, model=self._changed(n_jobs=self._n_jobs(recording), **changes))
        return [written, fit_into(recording, fit, chosen, static=self.static)]

    def _search(self, recording: Recording) -> "CrossValidatedSearch":
        from trialtensor.cli.ranking_files import FITS
        from trialtensor.selection import CrossValidatedSearch

        return CrossValidatedSearch(
            # Neither changes what is found, so neither may make another search of it.
            self._changed(n_jobs=None, verbose=0),
            self.candidates,
            splits=self.splits,
            rule=self.rule,
            refit=False,
            results=self.output / FITS,
            n_jobs=self._n_jobs(recording),
            random_state=self.seed,
            verbose=1,
        )

    def _profile(self, recording: Recording) -> "pandas.DataFrame":
        from trialtensor.selection import restart_profile

        profile = restart_profile(
            self._changed(n_jobs=self._n_jobs(recording), verbose=0),
            self.candidates,
            recording.data,
            random_state=self.seed,
            verbose=1,
            **self.asked.options,
        )
        if (profile["stop_reason"] == "interrupted").any():
            raise KeyboardInterrupt
        return profile

    def _changed(self, **parameters: Any) -> Any:
        """Return the estimator with other parameters, ignoring those it doesn't have."""
        from sklearn.base import clone

        model = clone(self.asked.model)
        there = model.get_params(deep=False)
        return model.set_params(**{n: value for n, value in parameters.items() if n in there})

    def _n_jobs(self, recording: Recording) -> int:
        import joblib

        if recording.elsewhere is not None and self.n_jobs is None:
            return 1  # each process would read all of it
        return self.n_jobs or min(MAX_JOBS, joblib.cpu_count())

    def _plan(self) -> str:
        n, repeats = len(self.candidates), self.splits.n_splits
        n_init = self.asked.model.get_params(deep=False).get("n_init")
        starts = "" if n_init is None else f" of {n_init} starts"
        return (
            f"{n} candidate{'s' * (n > 1)} x {repeats} split{'s' * (repeats > 1)}: "
            f"{n * repeats} fits{starts}"
        )

    def _kept(self) -> str:
        """Tell a user who has just stopped the search how much of it is saved."""
        from trialtensor.cli.ranking_files import FITS

        path, total = self.output / FITS, len(self.candidates) * self.splits.n_splits
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        n_done = max(len(lines) - 1, 0)  # the first line says what the search is about
        return (
            f"{n_done} of {total} fits are in {path}; the same command goes on where this one "
            "stopped"
        )


def _describe(search: "CrossValidatedSearch", profile: "pandas.DataFrame") -> str:
    """Describe the choice, and the cautions that apply to it."""
    from trialtensor.report import search_wording as wording

    lines = [wording.answer_sentence(search), wording.agreement_sentence(search, profile)]
    lines += [f"note: {sentence}" for sentence in wording.cautions(search, profile)]
    return "\n".join(line for line in lines if line)
