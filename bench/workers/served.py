"""`python -m bench.workers.served TASKS ALIVE`: a worker process that any process may start, also a daemon.

TASKS is the file descriptor of a socket that brings tasks and takes outcomes. ALIVE is the reading end of a pipe whose
other end the parent holds: when it closes, the parent is gone, and this process ends in the middle of its task.
"""

from __future__ import annotations

import os
import sys
import threading
from multiprocessing.connection import Connection

from bench.workers.pool import serve


def main() -> None:
    """Serve until the parent closes the socket or is gone."""
    tasks, alive = map(int, sys.argv[1:])
    for handle in (tasks, alive):
        os.set_inheritable(handle, False)  # programs that generators start must not keep them open
    threading.Thread(target=_end_with_parent, args=(alive,), daemon=True).start()
    serve(Connection(tasks), dict(os.environ))


def _end_with_parent(alive: int) -> None:
    os.read(alive, 1)
    os._exit(1)


if __name__ == "__main__":
    main()
