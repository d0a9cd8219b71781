"""Records that are appended, and what remains of them after the end of a process."""

import os

import pytest

from trialtensor.storage.records import Records

KIND, ABOUT = b"kind\n", b"this data"


def written(path, *contents):
    records = Records(path, KIND, ABOUT)
    for content in contents:
        records.append(content)
    records.close(remove=False)
    return Records(path, KIND, ABOUT)


def test_records_come_back(tmp_path):
    again = written(tmp_path / "r", b"one", b"", b"three" * 1000)
    assert [again[i] for i in range(len(again))] == [b"one", b"", b"three" * 1000]


def test_wherever_a_file_is_cut_only_whole_records_remain(tmp_path):
    path = tmp_path / "r"
    written(path, b"first", b"second").close(remove=False)
    content = path.read_bytes()
    first = len(content) - 24 - len(b"second")
    for n in range(first - 29, len(content)):
        path.write_bytes(content[:n])
        records = Records(path, KIND, ABOUT)
        assert len(records) == (1 if n >= first else 0)
        records.append(b"other")
        assert records[len(records) - 1] == b"other"
        records.close(remove=False)
        assert len(Records(path, KIND, ABOUT)) == len(records)


def test_a_changed_byte_ends_the_records(tmp_path):
    path = tmp_path / "r"
    written(path, b"first", b"second", b"third").close(remove=False)
    content = bytearray(path.read_bytes())
    content[content.index(b"second")] ^= 1
    path.write_bytes(content)
    assert len(Records(path, KIND, ABOUT)) == 1


def test_dropped_ones_are_gone_and_others_follow(tmp_path):
    records = written(tmp_path / "r", b"a", b"b", b"c")
    records.drop_from(1)
    records.append(b"d")
    assert [records[i] for i in range(len(records))] == [b"a", b"d"]


def test_files_of_others_are_left_alone(tmp_path):
    path = tmp_path / "r"
    path.write_bytes(b"something of mine")
    with pytest.raises(ValueError, match="no such file"):
        Records(path, KIND, ABOUT)
    assert path.read_bytes() == b"something of mine"
    os.remove(path)
    written(path, b"a").close(remove=False)
    with pytest.raises(ValueError, match="of other data"):
        Records(path, KIND, b"that data")


def test_what_is_done_is_removed(tmp_path):
    records = written(tmp_path / "r", b"a")
    records.close(remove=True)
    assert not (tmp_path / "r").exists()
