"""What sessions have in common: shared cells, and how many components these can link."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.data.labels import as_names, plain_labels
from trialtensor.data.parameters import check_whole

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True, eq=False)
class SessionLinks:
    """How sessions hang together by the cells that they share.

    The size and sign of a component in one session is known relative to another only through cells
    that both have. With fewer shared cells than components hardly anything tells them, as for
    trials in `trialtensor.TCA`, which warns of the same.

    Attributes
    ----------
    names : list
        Of the sessions.
    present : (n_sessions, n_cells) bool array
    shared : pandas.DataFrame
        Number of cells that two sessions share; on the diagonal, that a session has.
    n_linked : int
        Largest number of components for which all sessions form one group; 0 if some session
        shares no cell with any other.
    """

    names: list[Any]
    present: np.ndarray

    @property
    def shared(self) -> pandas.DataFrame:
        """Number of cells that two sessions share."""
        import pandas

        counts = self.present.astype(int) @ self.present.T.astype(int)
        return pandas.DataFrame(counts, index=self.names, columns=self.names)

    @property
    def n_linked(self) -> int:
        """Largest number of components that the shared cells can link over all sessions."""
        low, high = 0, int(self.present.sum(axis=1).min())
        # More components never merge more groups.
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if len(self.groups(middle)) == 1 else (low, middle - 1)
        return low

    def groups(self, n_components: int) -> list[list[Any]]:
        """Return groups of sessions that share fewer cells than components with other groups.

        Parameters
        ----------
        n_components : int

        Returns
        -------
        list of lists of names
            Largest first.

        Examples
        --------
        >>> import numpy as np
        >>> present = np.array([[1, 1, 1, 0], [0, 1, 1, 0], [0, 0, 1, 1]], bool)
        >>> links = SessionLinks(["mon", "tue", "wed"], present)
        >>> links.groups(1), links.groups(2), links.n_linked
        ([['mon', 'tue', 'wed']], [['mon', 'tue'], ['wed']], 1)
        """
        check_whole("n_components", n_components, 1)
        groups = [([i], row.copy()) for i, row in enumerate(self.present)]
        merged = True
        while merged:
            merged = False
            for i in range(len(groups)):
                linked = [
                    j
                    for j in range(i + 1, len(groups))
                    if (groups[i][1] & groups[j][1]).sum() >= n_components
                ]
                if linked:
                    for j in reversed(linked):
                        members, cells = groups.pop(j)
                        groups[i] = (groups[i][0] + members, groups[i][1] | cells)
                    merged = True
                    break
        ordered = sorted((sorted(members) for members, _ in groups), key=lambda g: (-len(g), g))
        return [[self.names[i] for i in members] for members in ordered]

    def warning(self, n_components: int) -> str | None:
        """Return what to say of so many components; None where the shared cells link them.

        Parameters
        ----------
        n_components : int
        """
        groups = self.groups(n_components)
        if len(groups) == 1:
            return None
        counts = self.shared.to_numpy().copy()
        np.fill_diagonal(counts, -1)
        shown = "; ".join(", ".join(map(str, each)) for each in groups[:4])
        more = f"; and {len(groups) - 4} more" if len(groups) > 4 else ""
        least = self.n_linked
        advice = (
            f"use at most {least} component{'s' if least != 1 else ''}"
            if least
            else "some sessions have no cell in common with others"
        )
        return (
            f"the sessions fall into {len(groups)} groups that share fewer than {n_components} "
            f"cells ({shown}{more}; two sessions share {counts[counts >= 0].min()} to "
            f"{counts.max()} cells): hardly anything tells how large a component is in one group "
            f"compared with another; {advice}, or fit the groups by themselves"
        )


def session_links(X: Any) -> SessionLinks:
    """Return which sessions of a joined tensor share cells, and how many.

    Parameters
    ----------
    X : xarray.DataArray
        From `concat_sessions`: with coordinates ``session`` of the trials and ``present``.

    Returns
    -------
    SessionLinks

    Raises
    ------
    ValueError
        For data without these coordinates.
    """
    if "session" not in getattr(X, "coords", ()) or "present" not in X.coords:
        raise ValueError("X: expected a tensor from concat_sessions, got one without sessions")
    labels = np.asarray(as_names(plain_labels(X.coords["session"].to_numpy())), dtype=object)
    names = list(dict.fromkeys(labels.tolist()))
    rows = [int(np.flatnonzero(labels == name)[0]) for name in names]
    present = X.coords["present"].transpose("trial", "neuron").to_numpy()[rows]
    return SessionLinks(names, np.asarray(present, bool))
