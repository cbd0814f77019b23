"""Profiles: how long a generator takes, where, with how much memory, and whether another one is faster."""
