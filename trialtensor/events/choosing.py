"""Conditions on the columns of a table, as text that is never executed."""

from __future__ import annotations

import ast
import difflib
import operator
import re
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas

_SINGLE = re.compile(r"(?<![=!<>])=(?!=)")
_LONGEST = 10_000  # characters of an expression
_COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
# What a comparison says with its sides exchanged.
_TURNED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.Eq,
    ast.NotEq: ast.NotEq,
    ast.Lt: ast.Gt,
    ast.LtE: ast.GtE,
    ast.Gt: ast.Lt,
    ast.GtE: ast.LtE,
}


def rows_where(table: pandas.DataFrame, expression: str) -> np.ndarray:
    """Return the rows of a table that meet a condition.

    Parameters
    ----------
    table : pandas.DataFrame
        The name of its index can be used like a column.
    expression : str
        Comparisons (``==``, ``!=``, ``<``, ``<=``, ``>``, ``>=``, ``in``, ``not in``) of columns
        with values or other columns, joined by ``and``, ``or``, ``not`` and brackets. A column of
        booleans is a condition by itself, ``region is None`` one for missing values. A name that
        isn't one word stands in backticks, as in pandas. Missing values meet no comparison but
        ``!=`` and ``not in``. It is parsed, never evaluated as Python.

    Returns
    -------
    (n_rows,) bool array

    Raises
    ------
    ValueError
        For anything else, and for columns that don't exist.

    Examples
    --------
    >>> units = pandas.DataFrame({"quality": ["good", "mua"], "peak depth": [310.0, 120.0]})
    >>> rows_where(units, "quality == 'good' and `peak depth` > 300")
    array([ True, False])
    """
    if not isinstance(table, pandas.DataFrame):
        raise ValueError(f"table: expected a pandas table, got {type(table).__name__}")
    given: object = expression
    if not isinstance(given, str) or not given.strip():
        raise ValueError(f'where: expected a condition such as "x > 3", got {expression!r}')
    if len(expression) > _LONGEST:
        raise ValueError(f"where: expected at most {_LONGEST} characters, got {len(expression)}")
    text, quoted = _without_backticks(expression)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a backslash in quotes
            tree = ast.parse(text.strip(), mode="eval")
        return _Condition(table, quoted, expression).rows(tree.body)
    except (SyntaxError, RecursionError, MemoryError) as error:
        why = "too deeply nested"
        if isinstance(error, SyntaxError):
            why = f"{error.msg}{_remedy(table, expression)}"
        raise ValueError(f"where: can't read {_short(expression)!r}: {why}") from None


class _Condition:
    """One expression and the table that it is about."""

    def __init__(self, table: pandas.DataFrame, quoted: dict[str, str], expression: str) -> None:
        self.table = table
        self.quoted = quoted
        self.expression = expression

    def rows(self, node: ast.expr) -> np.ndarray:
        """Return where a node is true."""
        if isinstance(node, ast.BoolOp):
            join = np.logical_and if isinstance(node.op, ast.And) else np.logical_or
            found = self.rows(node.values[0])
            for each in node.values[1:]:
                found = join(found, self.rows(each))
            return found
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return ~self.rows(node.operand)
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            found = np.ones(len(self.table), bool)
            for left, op, right in zip(sides, node.ops, sides[1:], strict=False):
                found &= self.compared(left, op, right)
            return found
        if isinstance(node, ast.Name):
            return self.flags(node)
        raise self.refusal(node)

    def compared(self, left: ast.expr, op: ast.cmpop, right: ast.expr) -> np.ndarray:
        """Return where one comparison is true."""
        a, b = self.side(left), self.side(right)
        kind = type(op)
        if not isinstance(a, pandas.Series):
            if not isinstance(b, pandas.Series) or kind not in _TURNED:
                raise ValueError(f"where: {self.source(left)} is no column; compare columns")
            a, b, kind, left, right = b, a, _TURNED[kind], right, left
        if b is None and kind in (ast.Is, ast.Eq, ast.IsNot, ast.NotEq):
            gone = a.isna().to_numpy()
            return gone if kind in (ast.Is, ast.Eq) else ~gone
        if kind in (ast.In, ast.NotIn):
            if not isinstance(b, list):
                raise ValueError(f"where: expected a list after in, got {self.source(right)}")
            self.check_kinds(a, b, left)
            found = a.isin(b).to_numpy(bool)
            return found if kind is ast.In else ~found
        if kind not in _COMPARISONS or isinstance(b, list):
            raise self.refusal(right if isinstance(b, list) else left)
        self.check_kinds(a, b if isinstance(b, pandas.Series) else [b], left)
        try:
            with np.errstate(invalid="ignore"):
                found = _COMPARISONS[kind](_plain(a), _plain(b))
        except Exception as error:  # whatever the libraries of some column raise
            why = str(error).partition("\n")[0]
            raise ValueError(
                f"where: {self.source(left)} can't be compared with {self.source(right)}: {why}"
            ) from None
        return found.fillna(kind is ast.NotEq).to_numpy(bool)

    def side(self, node: ast.expr) -> Any:
        """Return a column, a value, or a list of values."""
        if isinstance(node, ast.Name):
            return self.column(node)
        if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
            return [self.value(each) for each in node.elts]
        return self.value(node)

    def value(self, node: ast.expr) -> Any:
        """Return a number, text, True, False or None."""
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
            number = self.value(node.operand)
            if isinstance(number, (int, float)) and not isinstance(number, bool):
                return -number if isinstance(node.op, ast.USub) else number
        if isinstance(node, ast.Constant) and (
            node.value is None or isinstance(node.value, (str, int, float))
        ):
            return node.value
        raise self.refusal(node)

    def column(self, node: ast.Name) -> pandas.Series:
        """Return a column or the index by its name."""
        name = self.quoted.get(node.id, node.id)
        if name in self.table.columns:
            found = self.table[name]
            return found.iloc[:, 0] if isinstance(found, pandas.DataFrame) else found
        if name == self.table.index.name:
            return self.table.index.to_series()
        known = [*map(str, self.table.columns), str(self.table.index.name)]
        near = difflib.get_close_matches(name, known, 1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ValueError(
            f"where: there is no column {name!r} among {', '.join(known)}{hint} (text stands in "
            "quotes)"
        )

    def flags(self, node: ast.Name) -> np.ndarray:
        """Return a column of booleans; missing ones are False."""
        column = self.column(node)
        known = column.dropna()
        if not known.map(lambda v: isinstance(v, (bool, np.bool_))).all():
            raise ValueError(
                f"where: column {self.source(node)} doesn't hold True and False; compare it with a "
                f'value, as in "{self.source(node)} == {_example(known)}"'
            )
        return (column.notna() & column.isin([True])).to_numpy(bool)

    def check_kinds(self, column: pandas.Series, values: Any, node: ast.expr) -> None:
        """Refuse text for a column of numbers and the reverse, which would match nothing."""
        if isinstance(values, pandas.Series):
            return
        known = [each for each in values if each is not None]
        numeric = pandas.api.types.is_numeric_dtype(column.dtype)
        words = pandas.api.types.infer_dtype(column, skipna=True) == "string"
        for each in known:
            if (numeric and isinstance(each, str)) or (words and not isinstance(each, str)):
                holds = "numbers" if numeric else "text"
                raise ValueError(
                    f"where: column {self.source(node)} holds {holds}, but is compared with "
                    f"{each!r}"
                )

    def source(self, node: ast.expr) -> str:
        """Return a node as it was written."""
        if isinstance(node, ast.Name) and node.id in self.quoted:
            return f"`{self.quoted[node.id]}`"
        return _short(ast.unparse(node))

    def refusal(self, node: ast.expr) -> ValueError:
        """Return the error for what can't stand in a condition."""
        return ValueError(
            f"where: {self.source(node)!r} can't stand in a condition; there are comparisons of "
            "columns with values (==, !=, <, <=, >, >=, in, not in, is None), and, or, not"
        )


def _plain(side: Any) -> Any:
    # Categories can only be compared by their order; their values are what is meant.
    if isinstance(side, pandas.Series) and isinstance(side.dtype, pandas.CategoricalDtype):
        return side.astype(side.cat.categories.dtype)
    return side


def _without_backticks(expression: str) -> tuple[str, dict[str, str]]:
    """Replace names in backticks, outside of quotes, by words of our own."""
    quoted: dict[str, str] = {}
    text, quote, name = "", "", None
    for letter in expression:
        if name is not None:
            if letter == "`":
                word = f"_column_{len(quoted)}"
                quoted[word] = name
                text, name = f"{text} {word} ", None
            else:
                name += letter
        elif letter == "`" and not quote:
            name = ""
        else:
            if letter in "'\"":
                quote = "" if letter == quote else (quote or letter)
            text += letter
    if name is not None:
        raise ValueError(f"where: a backtick is open in {_short(expression)!r}")
    return text, quoted


def _remedy(table: pandas.DataFrame, expression: str) -> str:
    """Say what is probably meant by an expression that can't be read."""
    apart = [str(c) for c in table.columns if not str(c).isidentifier() and str(c) in expression]
    if apart and "`" not in expression:
        return f"; a name that isn't one word stands in backticks: `{max(apart, key=len)}`"
    if _SINGLE.search(expression):
        return "; values are compared with =="
    if any(sign in expression for sign in ("&", "|", "&&", "||")):
        return "; conditions are joined by and, or"
    return ""


def _example(known: pandas.Series) -> str:
    return repr(known.iloc[0]) if len(known) and isinstance(known.iloc[0], str) else "1"


def _short(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:77]}..."
