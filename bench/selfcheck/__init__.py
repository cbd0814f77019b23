"""Whether this machine still computes the numbers that it should: small fixed inputs against stored expectations.

Each stage between a file and a number is checked on inputs of its own, so that a change in one does not show in the
next: `plan` lists the checks and does them, `record` holds what a machine got, `comparison` says what
moved, and by how much.
"""
