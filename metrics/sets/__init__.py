"""Distances and overlaps of two sets of clips in the space of a network's features, beside the Frechet distance."""
