"""Metrics for generated talking-face clips that carry their protocol, sample count, interval and signature."""
