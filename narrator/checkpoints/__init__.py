"""Checkpoints: reading them safely, recognising the published layouts, matching, saving."""
