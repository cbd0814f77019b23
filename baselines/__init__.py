"""Every generator but the bundled one: bounds (ceiling, chance), simple baselines, other people's programs."""
