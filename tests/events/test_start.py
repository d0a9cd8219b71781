"""What needs no scikit-learn doesn't load it."""

import subprocess
import sys


def test_only_time_warping_loads_scikit_learn():
    code = (
        "import sys, trialtensor as tt\n"
        "tt.pad_trials, tt.align_trials, tt.concat_sessions\n"
        "assert 'sklearn' not in sys.modules\n"
        "tt.TimeWarp\n"
        "assert 'sklearn' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
