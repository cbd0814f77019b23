"""Shards: which part of a run's work one process does, told on the command line or by `torchrun`."""

from __future__ import annotations

import datetime
import os
import re
from dataclasses import dataclass

from bench import fingerprint
from bench.errors import UserMistake, shown


@dataclass(frozen=True)
class Shard:
    """A part of the work, done with a number of worker processes.

    Attributes:
        workers: processes on this machine.
        index: 0-based number of this shard.
        count: number of shards; clips are dealt out by the hash of their key.
    """

    workers: int
    index: int = 0
    count: int = 1

    def owns(self, key: str) -> bool:
        """Whether the clip of this key is part of the shard."""
        return int(fingerprint.of_json(key), 16) % self.count == self.index


def torchrun_shard() -> tuple[int, int] | None:
    """(rank, world size) when started by `torchrun`, else None.

    Raises:
        UserMistake: RANK and WORLD_SIZE are set but do not number the processes of one run.
    """
    if "RANK" not in os.environ:
        return None
    written = os.environ["RANK"], os.environ.get("WORLD_SIZE", "1")
    if not all(re.fullmatch("[0-9]{1,9}", number) for number in written) or int(written[0]) >= int(written[1]):
        raise UserMistake(
            f"RANK={shown(written[0], 40)} and WORLD_SIZE={shown(written[1], 40)} are no rank and number of processes: "
            "start the run with torchrun, or unset RANK."
        )
    rank, size = map(int, written)
    return (rank, size) if size > 1 else None


def wait_for_all_ranks() -> None:
    """Under `torchrun`: return once every rank has come here."""
    import torch.distributed as distributed

    distributed.init_process_group("gloo", timeout=datetime.timedelta(days=7))
    distributed.barrier()
    distributed.destroy_process_group()
