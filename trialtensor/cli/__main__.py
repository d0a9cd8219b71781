"""The command without its script: `python -m trialtensor.cli`."""

from trialtensor.cli import app

if __name__ == "__main__":
    app()
