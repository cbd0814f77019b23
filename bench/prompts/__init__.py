"""Prompts: what a generator is asked to narrate, made from a dataset's own clips."""
