"""Where the metrics' networks run."""

from __future__ import annotations

from bench.errors import UserMistake


def metrics_device(name: str = "") -> str:
    """The device called `name`, or a GPU if there is one where no name is given.

    Raises:
        UserMistake: no such device here.
    """
    import torch

    if not name:
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.empty(1, device=name)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).partition("\n")[0]
        reason = "no kind of device has this name" if reason.startswith("Expected one of") else reason
        raise UserMistake(f"--device {name!r} cannot be used here ({reason}); leave it out or say cpu.") from error
    return name
