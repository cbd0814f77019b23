"""Datasets: a root folder becomes samples, and findings that say what was skipped and why."""
