"""The Frechet distance between Gaussians, its standard error, and the metrics that reduce to it."""
