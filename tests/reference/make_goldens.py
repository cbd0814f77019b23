"""Make all golden numbers of the reference packages anew, which takes some ten minutes.

    python tests/reference/make_goldens.py

Run it in the environment that build_environment.py builds. The golden numbers of FVMD's tracker, which are made with
seeded weights of their own, have make_fvmd_goldens.py.
"""

from __future__ import annotations

import fad_goldens
import fid_goldens
import frechet_goldens
import fvd_goldens

if __name__ == "__main__":
    for goldens in (frechet_goldens, fvd_goldens, fad_goldens, fid_goldens):
        goldens.main()
