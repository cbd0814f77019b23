"""Damaged prompts: what generators make of bad voice profiles, driving images and texts, and the supplement's claims."""
