"""The face networks, fetched once."""

from __future__ import annotations

import pytest

from narrator.face import FaceMesh


@pytest.fixture(scope="session")
def face_mesh() -> FaceMesh:
    from metrics.weights import fetch

    return FaceMesh({name: fetch(name) for name in FaceMesh.weights})
