"""Bars on a standard error that may be gone."""

import io

import pytest

from trialtensor.data.screen import Screen


class Gone(io.StringIO):
    def write(self, text):
        raise BrokenPipeError

    def flush(self):
        raise BrokenPipeError

    def isatty(self):
        raise ValueError("closed")


@pytest.mark.parametrize("stream", [None, Gone()])
def test_what_is_gone_fails_nothing(monkeypatch, stream):
    monkeypatch.setattr("sys.stderr", stream)
    Screen().write("half")
    Screen().flush()
    assert not Screen().isatty()
