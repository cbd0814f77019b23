"""Ten planted changes: each is caught, in its own stage and in no other."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from support.planted import plant

from bench.media import audio, timing
from bench.media.video import RgbConverter
from metrics.audio.embeddings import embedding, ge2e
from metrics.base.metric import PairedMetric
from metrics.frechet.distance import Gaussian
from metrics.frechet.metric import FrechetMetric
from metrics.video import i3d, inception, resize
from metrics.video.fvd import WindowObserver

Cli = Callable[..., Any]


@pytest.fixture(autouse=True)
def fresh_networks() -> Iterator[None]:
    """Networks are loaded by the code of each test and do not stay for others."""
    _forget()
    yield
    _forget()


def _forget() -> None:
    for loaded in (inception.inception, i3d.i3d, embedding._loaded):
        loaded.cache_clear()


def blamed(cli: Cli, metric: str, stage: str) -> list[dict[str, Any]]:
    """The checks that moved; they are all of this stage, and the command says so."""
    outcome = cli("selfcheck", "--metrics", metric, "--workers", "1", "--json")
    assert outcome.code == 1, outcome
    found = json.loads(outcome.out)
    assert found["first_stage"] == stage
    assert f"the first stage is {stage} (" in " ".join(outcome.err.split())
    wrong = [check for check in found["checks"] if check["verdict"] in ("moved", "failed")]
    assert {check["stage"] for check in wrong} == {stage}
    for number in found["numbers"]:
        assert number["verdict"] == "held" or number["cause"].startswith(f"{stage} (")
    return wrong


def test_another_resampler(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch, audio.resampled, 'quality="VHQ"', 'quality="HQ"')
    blamed(cli, "stoi", "resample")


@pytest.mark.weights
def test_half_a_pixel_in_the_resize(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    grid = "torch.arange(size, dtype=torch.float32, device=frames.device) * (length / size)"
    shifted = grid.replace("torch.arange", "(torch.arange").replace(" * ", " + 0.5) * ") + " - 0.5"
    plant(monkeypatch, resize._tf1_axis, grid, f"({shifted}).clamp(min=0)")
    (check,) = blamed(cli, "fid", "resize")
    assert check["name"] == "tf1 to 299"


def test_another_ddof(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch, Gaussian.fitted, "(vectors - mean) / (n - ddof) ** 0.5", "(vectors - mean) / n**0.5")
    blamed(cli, "fvmd-lk", "statistics")


@pytest.mark.weights
def test_another_hop(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ge2e, "HOP", 150)
    blamed(cli, "fad-ge2e", "analysis")


def test_frame_rates_that_round_down(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch, timing._nearest, "value + Fraction(1, 2)", "value")
    wrong = blamed(cli, "fvmd-lk", "decode")
    assert all(check["name"].startswith("frames of") for check in wrong)


def test_another_colour_range(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch, RgbConverter.__call__, 'format="rgb24"', 'format="rgb24", src_color_range="JPEG"')
    (check,) = blamed(cli, "fvmd-lk", "decode")
    assert check["name"] == "colours"


def test_a_median_in_place_of_the_mean(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch, PairedMetric.score, "float(values.mean()),", "float(np.median(values)),")
    (check,) = blamed(cli, "stoi", "statistics")
    assert check["name"] == "mean of pairs"


@pytest.mark.weights
def test_another_epsilon(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inception, "_EPSILON", 1e-5)
    blamed(cli, "fid", "network")


def test_one_channel_in_place_of_the_mean_of_two(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch, audio._mono, "samples.mean(axis=0)", "samples[0]")
    wrong = blamed(cli, "mcd", "decode")
    assert {check["name"] for check in wrong} == {"two channels", "AAC"}


@pytest.mark.weights
def test_another_window(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ge2e, "WINDOW", 512)
    blamed(cli, "fad-ge2e", "analysis")


@pytest.mark.weights
def test_a_video_window_of_one_frame_less(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch, WindowObserver._take, "self._window[: self._config.frames]",
          "self._window[: self._config.frames - 1]")  # fmt: skip
    outcome = cli("selfcheck", "--metrics", "fvd", "--stages", "resize,analysis", "--workers", "1", "--json")
    assert (outcome.code, json.loads(outcome.out)["first_stage"]) == (1, "analysis")


def test_code_that_fails_is_found_in_its_stage(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch, FrechetMetric._require_vectors, "n < 2", "n < None")
    outcome = cli("selfcheck", "--metrics", "fvmd-lk", "--workers", "1")
    assert outcome.code == 1
    assert "statistics (Frechet distance, interval): failed (TypeError" in outcome.out
