"""Whether one generator's scores differ from another's on the same prompts, from results files alone."""
