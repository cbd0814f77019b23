"""Damaged prompts: what generators make of bad voices, images and texts, and what that says of the paper's claims."""
