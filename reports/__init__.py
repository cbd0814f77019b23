"""Turns a results file into tables, plots and pages; never runs a model or a metric."""
