"""Conditions on columns: what they choose, and that nothing in them is executed."""

import numpy as np
import pandas
import pytest

from trialtensor.events.choosing import rows_where

TABLE = pandas.DataFrame(
    {
        "quality": ["good", "mua", None, "good"],
        "depth": [310.0, 120.0, np.nan, 40.0],
        "n": [1, 2, 3, 4],
        "kept": [True, False, True, None],
        "region": pandas.Categorical(["M1", "V1", "M1", "V1"]),
        "peak depth (µm)": [1, 2, 3, 4],
        "date": pandas.to_datetime(["2020-01-01", "2020-01-02", "2020-01-03", None]),
        "whole": pandas.array([1, None, 3, 4], dtype="Int64"),
    },
    index=pandas.Index(["a", "b", "c", "d"], name="unit"),
)

CHOSEN = {
    "quality == 'good'": "ad",
    "quality != 'good'": "bc",
    "quality in ['good', 'mua']": "abd",
    "quality not in ('good',)": "bc",
    "quality is None": "c",
    "quality is not None": "abd",
    "depth > 100": "ab",
    "100 < depth <= 310": "ab",
    "50 > depth": "d",
    "depth >= -1e3": "abd",
    "not depth > 100": "cd",
    "quality == 'good' and depth > 300 or n == 3": "ac",
    "quality == 'good' and (depth > 300 or n == 3)": "a",
    "kept": "ac",
    "not kept": "bd",
    "kept == True": "ac",
    "region == 'M1'": "ac",
    "region in {'V1'}": "bd",
    "`peak depth (µm)` > 2": "cd",
    "quality == '`'": "",
    "unit in ['a', 'd']": "ad",
    "depth > n and n == n": "abd",
    "date >= '2020-01-02'": "bc",
    "whole != 3": "abd",
    "whole > 2": "cd",
}


@pytest.mark.parametrize("expression", CHOSEN)
def test_rows(expression):
    assert "".join(TABLE.index[rows_where(TABLE, expression)]) == CHOSEN[expression]


REFUSED = {
    "__import__('os').system('touch marker')": "can't stand in a condition",
    "open('marker', 'w')": "can't stand in a condition",
    "quality.str.len() > 1": "can't stand",
    "[x for x in (1,)] == n": "can't stand",
    "(lambda: 1)() == n": "can't stand",
    "n == f'{open}'": "can't stand",
    "n == (x := 3)": "can't stand",
    "n + 1 > 2": "can't stand",
    "n == 2 ** 10 ** 10": "can't stand",
    "n[0] == 1": "can't stand",
    "n is 3": "can't stand",
    "True": "can't stand",
    "1 == 1": "is no column",
    "3 in n": "is no column",
    "n in quality": "expected a list",
    "n == 'x'": "holds numbers, but is compared with 'x'",
    "n in [1, '2']": "holds numbers, but is compared with '2'",
    "quality == 1": "holds text, but is compared with 1",
    "quality": "as in \"quality == 'good'\"",
    "n": "doesn't hold True and False",
    "qualty == 'good'": "did you mean 'quality'",
    "good == 'x'": "no column 'good' among quality, depth",
    "n > quality": "can't be compared",
    "n ==": "can't read 'n =='",
    "`n > 3": "a backtick is open",
    "": "expected a condition",
    "n == 1 or " * 3000 + "n == 2": "at most 10000 characters",
    "-" * 5000 + "1 < n": "too deeply nested|can't",
}


@pytest.mark.parametrize("expression", REFUSED)
def test_refused(expression, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=REFUSED[expression]) as caught:
        rows_where(TABLE, expression)
    assert len(str(caught.value).splitlines()) == 1
    assert not (tmp_path / "marker").exists()


def test_not_text():
    with pytest.raises(ValueError, match="expected a condition such as"):
        rows_where(TABLE, 3)


def test_table_without_rows():
    assert rows_where(TABLE.iloc[:0], "depth > 3 and kept").tolist() == []
