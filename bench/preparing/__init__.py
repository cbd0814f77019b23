"""Preparing a dataset: clips of one length and rate, with texts, images and voices, in the paper's layout."""
