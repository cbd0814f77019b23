"""A run: which clips take part, what is generated from them, and what is gathered in the end."""
