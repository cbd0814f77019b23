"""The harness: studies, datasets, runs, profiles, gates and the command line."""
