"""Training of the bundled generator, stage by stage, on plain PyTorch; see docs/training.md."""
