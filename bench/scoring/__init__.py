"""Scoring: clips are decoded once, their statistics kept on disk, and cells computed from these."""
