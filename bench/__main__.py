"""`python -m bench` is `narrator-bench`."""

from bench.cli import main

main()
