"""The sizes in XTTS' config.json."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from narrator.checkpoints.reading import CheckpointError
from narrator.speech.config import SpeechConfig


class _ModelArgs(BaseModel):
    model_config = ConfigDict(protected_namespaces=())

    gpt_number_text_tokens: int
    gpt_num_audio_tokens: int
    gpt_layers: int
    gpt_n_model_channels: int
    gpt_n_heads: int
    gpt_max_text_tokens: int
    gpt_max_audio_tokens: int


class _XttsConfig(BaseModel):
    model_config = ConfigDict(protected_namespaces=())

    model_args: _ModelArgs


def with_xtts_sizes(config: SpeechConfig, path: Path) -> SpeechConfig:
    """The speech sizes with those of the GPT taken from an XTTS config.json.

    The sampling settings in that file are not taken: the paper's released code ignores them.

    Raises:
        CheckpointError: it is not such a file.
    """
    try:
        args = _XttsConfig.model_validate_json(path.read_bytes()).model_args
    except OSError:
        raise CheckpointError(f"There is no {path}; name the config.json that lies beside model.pth.") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        raise CheckpointError(f"{path} is not an XTTS config.json: {place}: {first['msg']}.") from None
    gpt = replace(
        config.gpt,
        text_ids=args.gpt_number_text_tokens,
        codes=args.gpt_num_audio_tokens,
        layers=args.gpt_layers,
        width=args.gpt_n_model_channels,
        heads=args.gpt_n_heads,
        text_limit=args.gpt_max_text_tokens,
        code_limit=args.gpt_max_audio_tokens,
    )
    return replace(config, gpt=gpt)
