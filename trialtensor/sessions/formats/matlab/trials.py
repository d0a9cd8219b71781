"""Which struct of a MATLAB file is the table of trials."""

from __future__ import annotations

import re
from dataclasses import dataclass

from trialtensor.opening.guard import RefusedError
from trialtensor.sessions.formats.matlab.columns import row_count
from trialtensor.variables.matlab_values import Struct, Value, flattened, words

# The name of a struct says that it has to do with trials.
_NAMED = 2


@dataclass(frozen=True, slots=True)
class Candidate:
    """A struct that may be the table of trials."""

    path: str
    struct: Struct
    n_rows: int

    @property
    def rank(self) -> int:
        """How much the name says that these are trials."""
        if re.search("trial", self.path, re.IGNORECASE):
            return 3
        return 2 if re.search("event|behav|bhv|beh|task|stim|cue", self.path, re.I) else 1


def candidates(values: dict[str, Value], spikes: str) -> list[Candidate]:
    """List the structs that are tables, other than that of the units.

    Parameters
    ----------
    values : dict
        Variables by name.
    spikes : str
        Name of the spike times.
    """
    found = []
    for path, value in flattened(values):
        if isinstance(value, Struct) and path != spikes and not spikes.startswith(f"{path}/"):
            n = row_count(value)
            found += [Candidate(path, value, n)] if n else []
    return found


def chosen_trials(
    found: list[Candidate],
    wanted: str | None,
    n_trials: tuple[int, ...],
    *,
    needed: bool = True,
) -> Candidate | None:
    """Choose the table of trials: the one that is named, or whose name says the most.

    Parameters
    ----------
    found : list of Candidate
    wanted : str or None
        Name of the variable.
    n_trials : tuple of int
        Numbers of trials that spikes leave open; empty if any.
    needed : bool
        Whether there are spikes, for which a choice has to be made.

    Raises
    ------
    RefusedError
        If there are several that are as good, or none of this name.
    """
    listed = "; ".join(f"{each.path} ({words(each.struct)})" for each in found) or "none"
    if wanted is not None:
        these = [each for each in found if each.path == wanted]
        if not these:
            raise RefusedError(f"has no table of trials {wanted!r}; trials= can be {listed}")
        return these[0]
    fitting = [each for each in found if not n_trials or each.n_rows in n_trials]
    most = max((each.rank for each in fitting), default=0)
    best = [each for each in fitting if each.rank == most]
    if not needed and (len(best) > 1 or most < _NAMED):
        return None
    if len(best) > 1:
        raise RefusedError(f"has several structs that may be trials; choose by trials= {listed}")
    return best[0] if best else None
