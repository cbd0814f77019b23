"""Clips in and out: `clip` reads frames and soundtracks, `writing` stores what a generator made."""
