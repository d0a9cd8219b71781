"""How results are shown: p values with their floor, and objects on one line."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, ClassVar

import numpy as np

FEW = 6  # numbers that are shown one by one


def p_text(p: float, at_floor: bool = False) -> str:
    """Format a p value: "≤ 0.001" at its floor, where no surrogate came as far.

    From ``n`` surrogates a p value is at least ``1 / (n + 1)``; at that floor all that is known is
    that it isn't larger.

    Parameters
    ----------
    p : float
        NaN is a dash.
    at_floor : bool
        Whether it can't be smaller.

    Examples
    --------
    >>> p_text(0.0004), p_text(0.034), p_text(0.001, at_floor=True), p_text(float("nan"))
    ('< 0.001', '0.034', '≤ 0.001', '–')
    """
    if not np.isfinite(p):
        return "–"
    if at_floor and p < 1:
        return f"≤ {p:.2g}"
    return "< 0.001" if p < 0.001 else f"{p:.2g}"


def p_equation(p: float, at_floor: bool = False) -> str:
    """Format a p value as an equation.

    Examples
    --------
    >>> p_equation(0.034), p_equation(0.0004), p_equation(0.005, at_floor=True)
    ('p = 0.034', 'p < 0.001', 'p ≤ 0.005')
    """
    text = p_text(p, at_floor)
    return f"p {text}" if text[0] in "<≤" else f"p = {text}"


def is_least(p: Any, least: float) -> Any:
    """Return whether p values are at their floor; False for no number."""
    return np.asarray(p) <= least * (1 + 1e-9)


class OneLine:
    """Base class of results that are shown on one line, however large their arrays.

    In a notebook they are shown as a short table.
    """

    # In a notebook: the tables that it shows (all, if none are named), and values that it doesn't.
    tables_shown: ClassVar[tuple[str, ...]] = ()
    not_shown: ClassVar[tuple[str, ...]] = ("cautions", "sentences", "log_odds")

    def at_floor(self, name: str) -> Any:
        """Return whether the p value, or values, of this name are at their floor."""
        return False

    def __repr__(self) -> str:
        """Show numbers and names, and the shapes of arrays."""
        shown = ", ".join(
            self._shown(each.name, getattr(self, each.name))
            for each in fields(self)  # type: ignore[arg-type]
            if not each.name.startswith("_") and each.repr
        )
        return f"{type(self).__name__}({shown})"

    def _repr_html_(self) -> str:
        """Show numbers and sentences, and the first rows of tables, in a notebook."""
        from trialtensor.data.in_notebooks import summary_html

        facts, tables = {}, {}
        for each in fields(self):  # type: ignore[arg-type]
            value = getattr(self, each.name)
            if each.name.startswith("_") or not each.repr or value is None:
                continue
            words = each.name.replace("_", " ")
            if type(value).__name__ == "DataFrame":
                if len(value) and (not self.tables_shown or each.name in self.tables_shown):
                    tables[words] = value
            elif each.name not in self.not_shown and (text := self._in_notebooks(each.name, value)):
                facts[words] = text
        said = (getattr(self, "sentence", None), *getattr(self, "sentences", ()))
        notes = [*filter(None, said), *getattr(self, "cautions", ())]
        return summary_html(type(self).__name__, facts, notes=notes, tables=tables)

    def _in_notebooks(self, name: str, value: Any) -> str:
        """Return a value in words; empty for large ones, whose shape says little."""
        if name in ("p_value", "new_p"):
            return p_text(value, bool(self.at_floor(name)))
        if isinstance(value, np.ndarray) and not (value.ndim == 1 and 0 < value.size <= FEW):
            return ""
        small = isinstance(value, bool | int | float | str | np.generic | np.ndarray)
        if small or (isinstance(value, tuple) and len(value) <= FEW and _are_plain(value)):
            return _plain(value)
        numbers = isinstance(value, dict) and value and _are_plain(value.values())
        return "; ".join(f"{k}: {_plain(x)}" for k, x in value.items()) if numbers else ""

    def _shown(self, name: str, value: Any) -> str:
        if name in ("p_value", "new_p"):
            text = p_text(value, bool(self.at_floor(name)))
            return f"{name} {text}" if text[0] in "<≤" else f"{name}={text}"
        if name == "p_values" and np.size(value) <= FEW:
            floor = np.broadcast_to(self.at_floor(name), np.shape(value))
            texts = [p_text(p, bool(f)) for p, f in zip(value, floor, strict=True)]
            return f"{name}=[{', '.join(texts)}]"
        return f"{name}={_brief(value)}"


def _brief(value: Any) -> str:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, np.ndarray):
        if value.ndim == 1 and value.size <= FEW and value.dtype.kind in "fiub":
            return f"[{', '.join(_brief(each) for each in value.tolist())}]"
        return f"array {value.shape}"
    if hasattr(value, "dims") and hasattr(value, "sizes"):
        sizes = ", ".join(f"{name} {n}" for name, n in value.sizes.items())
        return f"{type(value).__name__} ({sizes})"
    if type(value).__name__ == "DataFrame":
        return f"table of {len(value)} row{'s' * (len(value) != 1)}"
    if isinstance(value, dict) and all(isinstance(each, (float, tuple)) for each in value.values()):
        return f"{{{', '.join(f'{name}={_brief(each)}' for name, each in value.items())}}}"
    if isinstance(value, tuple):
        return f"({', '.join(map(_brief, value))})"
    if isinstance(value, dict):
        return f"{{{', '.join(map(str, value))}}}"
    if isinstance(value, float):
        return f"{value:.4g}"
    return repr(value)


def _are_plain(values: Any) -> bool:
    return all(isinstance(each, bool | int | float | str | np.generic) for each in values)


def _plain(value: Any) -> str:
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(map(_plain, value))
    return str(value) if isinstance(value, str) else _brief(value)
