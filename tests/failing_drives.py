"""Drives that fail in the middle of a fit."""


class FailingDrive:
    """Passes of a class that fail after some of them; `mend` ends that."""

    def __init__(self, monkeypatch, passes, n_passes):
        run, self.left = passes.run, n_passes

        def failing(one, job):
            self.left -= 1
            if self.left < 0:
                raise OSError("the drive is gone")
            return run(one, job)

        monkeypatch.setattr(passes, "run", failing)

    def mend(self):
        """Let all further passes succeed."""
        self.left = 10_000
