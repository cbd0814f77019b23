"""Metrics of the picture: FID of frames and FVD of windows of frames."""
