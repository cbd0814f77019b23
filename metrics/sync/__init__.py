"""Whether the lips follow the words."""
