"""The metrics of this package as plug-ins: each registry name is a convention, options change fields of its config.

The entry points of group `narrator_bench.metrics` name the functions below; a stranger's metric registers likewise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from metrics.audio import fad as _fad
from metrics.audio import mcd as _mcd
from metrics.audio import stoi as _stoi
from metrics.base.metric import ClipMetric
from metrics.motion import fvmd as _fvmd
from metrics.video import fid as _fid
from metrics.video import fvd as _fvd

Factory = Callable[..., ClipMetric]


def _plugin(metric: Callable[..., ClipMetric], conventions: Mapping[str, Any], name: str) -> Factory:
    def make(**options: Any) -> ClipMetric:
        convention = conventions[name]
        config = convention() if callable(convention) else convention
        return metric(name, replace(config, **options))

    make.__doc__ = metric.__doc__
    return make


fad = _plugin(_fad.FrechetAudioDistance, _fad.CONVENTIONS, "fad")
fad_gudgud96 = _plugin(_fad.FrechetAudioDistance, _fad.CONVENTIONS, "fad-gudgud96")
fad_fadtk = _plugin(_fad.FrechetAudioDistance, _fad.CONVENTIONS, "fad-fadtk")
fad_ge2e = _plugin(_fad.FrechetAudioDistance, _fad.CONVENTIONS, "fad-ge2e")
fad_speech = _plugin(_fad.FrechetAudioDistance, _fad.CONVENTIONS, "fad-speech")
fad_mn04 = _plugin(_fad.FrechetAudioDistance, _fad.CONVENTIONS, "fad-mn04")
fad_clap = _plugin(_fad.FrechetAudioDistance, _fad.CONVENTIONS, "fad-clap")
fad_pann = _plugin(_fad.FrechetAudioDistance, _fad.CONVENTIONS, "fad-pann")
fad_encodec = _plugin(_fad.FrechetAudioDistance, _fad.CONVENTIONS, "fad-encodec")

mcd = _plugin(_mcd.MelCepstralDistortion, _mcd.CONVENTIONS, "mcd")
mcd_80 = _plugin(_mcd.MelCepstralDistortion, _mcd.CONVENTIONS, "mcd-80")
mcd_pymcd_plain = _plugin(_mcd.MelCepstralDistortion, _mcd.CONVENTIONS, "mcd-pymcd-plain")
mcd_pymcd_dtw = _plugin(_mcd.MelCepstralDistortion, _mcd.CONVENTIONS, "mcd-pymcd-dtw")
mcd_pymcd_dtw_sl = _plugin(_mcd.MelCepstralDistortion, _mcd.CONVENTIONS, "mcd-pymcd-dtw-sl")

stoi = _plugin(_stoi.ShortTimeObjectiveIntelligibility, _stoi.CONVENTIONS, "stoi")
estoi = _plugin(_stoi.ShortTimeObjectiveIntelligibility, _stoi.CONVENTIONS, "estoi")
stoi_dtw = _plugin(_stoi.ShortTimeObjectiveIntelligibility, _stoi.CONVENTIONS, "stoi-dtw")

fid = _plugin(_fid.FrechetInceptionDistance, _fid.CONVENTIONS, "fid")
fid_pytorch = _plugin(_fid.FrechetInceptionDistance, _fid.CONVENTIONS, "fid-pytorch")
fid_clean = _plugin(_fid.FrechetInceptionDistance, _fid.CONVENTIONS, "fid-clean")
fid_torchmetrics = _plugin(_fid.FrechetInceptionDistance, _fid.CONVENTIONS, "fid-torchmetrics")

fvd = _plugin(_fvd.FrechetVideoDistance, _fvd.CONVENTIONS, "fvd")
fvd_stylegan_v = _plugin(_fvd.FrechetVideoDistance, _fvd.CONVENTIONS, "fvd-stylegan-v")
fvd_tats = _plugin(_fvd.FrechetVideoDistance, _fvd.CONVENTIONS, "fvd-tats")
fvd_cd = _plugin(_fvd.FrechetVideoDistance, _fvd.CONVENTIONS, "fvd-cd")
fvd_common_metrics = _plugin(_fvd.FrechetVideoDistance, _fvd.CONVENTIONS, "fvd-common-metrics")

fvmd = _plugin(_fvmd.FrechetVideoMotionDistance, _fvmd.CONVENTIONS, "fvmd")
fvmd_lk = _plugin(_fvmd.FrechetVideoMotionDistance, _fvmd.CONVENTIONS, "fvmd-lk")
