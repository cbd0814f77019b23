"""`import narrator` and the contract stay light: generators of strangers import them too."""

from __future__ import annotations

import subprocess
import sys

import pytest

import narrator


def test_no_network_library_is_imported() -> None:
    code = (
        "import sys, narrator, narrator.contract;"
        "heavy = {'torch', 'transformers', 'diffusers', 'cv2', 'tokenizers'} & set(sys.modules);"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).stderr == b""


def test_every_promised_name_is_there() -> None:
    for name in narrator.__all__:
        assert getattr(narrator, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'lode'"):
        _ = narrator.lode
