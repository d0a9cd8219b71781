"""NumPy files whose headers lie: refused before anything is read, and in one line."""

import io
import struct
import zipfile

import numpy as np
import pytest

from trialtensor.io import inspect, read

SHAPE = (6, 5, 4)
X = np.arange(120.0).reshape(SHAPE)


VALUES = X.tobytes()


def npy(shape, dtype="'<f8'", values=VALUES):
    header = f"{{'descr': {dtype}, 'fortran_order': False, 'shape': {shape}, }}"
    header = header.ljust(117 + (len(header) > 117) * 10_000) + "\n"
    length = struct.pack("<H", len(header))
    return b"\x93NUMPY\x01\x00" + length + header.encode() + values


def archive(path, how=zipfile.ZIP_DEFLATED, **contents):
    with zipfile.ZipFile(path, "w", how) as file:
        for name, content in contents.items():
            file.writestr(f"{name}.npy", content)


def central(path, offset, width, value):
    """Change a number in the first entry of the directory of an archive."""
    content = bytearray(path.read_bytes())
    at = content.find(b"PK\x01\x02") + offset
    content[at : at + width] = value.to_bytes(width, "little")
    path.write_bytes(content)


LIES = {
    "petabytes": npy("(1000000000000000,)"),
    "more than there is": npy("(6, 5, 40)"),
    "beyond all numbers": npy("(99999999999999999999999, 2, 2)"),
    "a truth value": npy("(True, 5, 4)"),
    "negative": npy("(-6, 5, 4)"),
    "no tuple": npy("7"),
    "nested": npy("(" * 3000 + ")" * 3000),
    "unclosed": npy("(6, 5"),
    "text of gigabytes": npy("(6, 5, 4)", "'<U1000000000'"),
    "no type": npy("(6, 5, 4)", "'<f9'"),
    "no header": b"\x93NUMPY\x01\x00",
    "unknown version": b"\x93NUMPY\x09" + npy("(6, 5, 4)")[7:],
}


@pytest.mark.parametrize("lie", LIES)
@pytest.mark.parametrize("suffix", [".npy", ".npz"])
@pytest.mark.parametrize("look", [inspect, read])
def test_a_header_that_lies(tmp_path, lie, suffix, look):
    path = tmp_path / f"session{suffix}"
    if suffix == ".npy":
        path.write_bytes(LIES[lie])
    else:
        archive(path, counts=LIES[lie])
    with pytest.raises(ValueError, match=r"session\.np.: ") as caught:
        look(path)
    assert len(str(caught.value).splitlines()) == 1


def test_an_array_with_less_than_its_member_holds_is_refused(tmp_path):
    """Its checksum would never be compared."""
    archive(tmp_path / "x.npz", counts=npy("(6, 5, 2)"))
    with pytest.raises(ValueError, match="declares 480 bytes of values, where 960 bytes are"):
        read(tmp_path / "x.npz")


@pytest.mark.parametrize(
    ("how", "name"), [(zipfile.ZIP_BZIP2, r"bzip2 \(12\)"), (zipfile.ZIP_LZMA, r"lzma \(14\)")]
)
def test_methods_without_a_bound_are_refused_by_name(tmp_path, how, name):
    archive(tmp_path / "x.npz", how, counts=npy(str(SHAPE)))
    with pytest.raises(ValueError, match=rf"counts is compressed by {name}, expected none or defl"):
        read(tmp_path / "x.npz")


def test_encrypted_and_unknown_members_are_named(tmp_path):
    path = tmp_path / "x.npz"
    archive(path, counts=npy(str(SHAPE)))
    central(path, 8, 2, 1)
    with pytest.raises(ValueError, match=r"x\.npz: counts is encrypted"):
        read(path)
    central(path, 8, 2, 0)
    central(path, 10, 2, 1544)
    with pytest.raises(ValueError, match=r"counts is compressed by an unknown method \(1544\)"):
        read(path)


def test_a_bomb_is_refused_by_what_its_bytes_can_unpack_to(tmp_path):
    path = tmp_path / "x.npz"
    archive(path, counts=npy("(6000, 5, 4)", values=bytes(960_000)))
    np.testing.assert_array_equal(read(path), np.zeros((6000, 5, 4)))
    central(path, 24, 4, 4_000_000_000)
    with pytest.raises(ValueError, match=r"counts declares 4 GB, more than its .* can unpack to"):
        read(path)


def test_a_bomb_that_is_none_is_refused_by_the_memory(tmp_path, monkeypatch):
    path = tmp_path / "x.npz"
    archive(path, counts=npy("(12000, 125, 8)", values=bytes(96_000_000)))
    monkeypatch.setattr("trialtensor.opening.memory.free_memory", lambda: (50_000_000, 0))
    with pytest.raises(ValueError, match=r"x\.npz: counts takes 96 MB of memory"):
        read(path)


def test_members_that_share_their_bytes_are_refused(tmp_path):
    path = tmp_path / "x.npz"
    archive(path, a=npy(str(SHAPE)), b=npy(str(SHAPE)))
    central(path, 20, 4, 5_000)
    with pytest.raises(ValueError, match="its arrays take more space than the file has"):
        read(path)


def test_very_many_members_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("trialtensor.variables.readers.npz._MOST_MEMBERS", 20)
    archive(tmp_path / "x.npz", **{f"x{k}": b"" for k in range(21)})
    with pytest.raises(ValueError, match="holds more than 20 arrays"):
        read(tmp_path / "x.npz")


def test_of_two_members_of_a_name_the_last_counts(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as file, pytest.warns(UserWarning):
        file.writestr("counts.npy", npy(str(SHAPE)))
        file.writestr("counts.npy", npy(str(SHAPE), values=(X + 1).tobytes()))
    np.testing.assert_array_equal(read(tmp_path / "x.npz"), X + 1)


@pytest.mark.parametrize("dtype", [">f4", "<f2", np.longdouble, ">i2", "?", ">u8"])
def test_every_kind_of_number_is_read(tmp_path, dtype):
    buffer = io.BytesIO()
    np.save(buffer, X.astype(dtype))
    (tmp_path / "x.npy").write_bytes(buffer.getvalue())
    archive(tmp_path / "x.npz", counts=buffer.getvalue())
    for name in ("x.npy", "x.npz"):
        tensor = read(tmp_path / name)
        assert tensor.dtype.isnative
        np.testing.assert_array_equal(tensor, X.astype(dtype))


def test_the_list_of_variables_is_bounded(tmp_path):
    np.savez(tmp_path / "x.npz", **{f"x{k:03}": np.zeros(3) for k in range(100)})
    with pytest.raises(ValueError, match=r"x019 \(3,\) float64; and 80 more$"):
        read(tmp_path / "x.npz")
