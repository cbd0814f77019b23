"""Every generator that is not the bundled one: bounds (ceiling, chance), simple baselines, and other people's programs."""
