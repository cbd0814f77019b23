"""Make all golden numbers of the reference packages anew, which takes some ten minutes.

    python tests/reference/make_goldens.py

Run it in the environment that build_environment.py builds. The golden numbers of FVMD's tracker, which are made with
seeded weights of their own, have make_fvmd_goldens.py.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path[:0] = [str(folder) for folder in Path(__file__).resolve().parents[1:3]]  # `support`, and the rooms
import fad_goldens  # noqa: E402
import fid_goldens  # noqa: E402
import frechet_goldens  # noqa: E402
import fvd_goldens  # noqa: E402

if __name__ == "__main__":
    for goldens in (frechet_goldens, fvd_goldens, fad_goldens, fid_goldens):
        goldens.main()
