"""What must not be executed: files that would leave a mark."""

import os
import pickle

import numpy as np
import pytest


class _Trap:
    def __init__(self, mark):
        self._mark = mark

    def __reduce__(self):
        return os.mkdir, (str(self._mark),)


@pytest.fixture
def plant(tmp_path_factory):
    """A function that writes a file which would leave a mark if it were executed or unpickled."""
    mark = tmp_path_factory.mktemp("mark") / "executed"

    def write(path):
        if path.suffix == ".py":
            path.write_text(f"import os\nos.mkdir({str(mark)!r})\n")
        elif path.suffix == ".npy":
            np.save(path, np.array([_Trap(mark)], dtype=object), allow_pickle=True)
        else:
            path.write_bytes(pickle.dumps(_Trap(mark)))
        return path

    yield write
    assert not mark.exists(), "something in a file was executed"
