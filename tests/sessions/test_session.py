"""A session says what there is, reads it when asked, and keeps text from files harmless."""

import pandas
import pytest

from trialtensor.sessions import Session
from trialtensor.sessions.describing import event_columns
from trialtensor.sessions.parts import Parts, later


def table(**columns):
    return pandas.DataFrame(columns).rename_axis("trial")


def test_parts_are_read_once_and_when_asked():
    read = []

    def licks():
        read.append("licks")
        return table(timestamp=[0.5])

    session = Session("s", trials=lambda: read.append("trials") or table(cue=[0.1]),
                      events={"licks": licks})  # fmt: skip
    assert read == []
    assert len(session.trials) == 1 and len(session.trials) == 1
    assert list(session.events) == ["licks"] and read == ["trials"]
    assert session.events["licks"] is session.events["licks"]
    assert read == ["trials", "licks"]
    with pytest.raises(KeyError, match="no 'lick', but 'licks'"):
        session.events["lick"]


def test_close_is_called_once():
    closed = []
    with Session("s", close=lambda: closed.append(1)) as session:
        assert closed == []
    session.close()
    assert closed == [1]


def test_nothing_is_said():
    assert "neither trials, units, traces nor tensors" in repr(Session("empty"))


def test_text_of_files_is_escaped():
    evil = "<script>\x1b[31m"
    session = Session(evil, trials=table(**{evil: [evil, evil]}), notes=[evil])
    assert "\x1b" not in repr(session)
    page = session._repr_html_()
    assert "<script>" not in page and "\x1b" not in page.replace("\x1b[31m</t", "")


def test_many_columns_and_notes_are_cut():
    wide = table(**{f"c{k}": [0.5, 1.5] for k in range(200)})
    session = Session("s", trials=wide, notes=[f"note {k}" for k in range(100)],
                      tensors={f"X{k}": (2, 3, 4) for k in range(100)})  # fmt: skip
    text = repr(session)
    assert len(text.splitlines()) < 60 and "and 188 more" in text
    assert "and 70 more" in text and "2 × 3 × 4" in text


@pytest.mark.parametrize(
    "columns, expected",
    [
        ({"go": [0.5, 1.5, float("nan")]}, ["go"]),
        ({"number": [1.0, 2.0, 3.0]}, []),
        ({"word": ["a", "b", "c"]}, []),
        ({"right": [True, False, True]}, []),
        ({"none": [float("nan")] * 3}, []),
        (
            {"start_time": [0, 10, 20], "stop_time": [9, 19, 29], "cue": [5, 15, 25],
             "contrast": [0.1, 0.5, 0.7]},
            ["start_time", "stop_time", "cue"],
        ),
        ({"start_time": [0.0, 1.0, 2.0]}, ["start_time"]),
    ],
)  # fmt: skip
def test_columns_to_align_to(columns, expected):
    assert event_columns(table(**columns)) == expected


def test_what_fails_later_names_the_file(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(b"abc")

    def load():
        raise OSError("no more")

    with pytest.raises(ValueError, match=r"a\.bin: cannot be read as a test file.*no more"):
        later(path, "a test file", load)()


def test_parts_show_their_names():
    assert repr(Parts({"a": 1, "b": 2})) == "<a, b>" and dict(Parts({"a": 1})) == {"a": 1}
