"""Turns a results file into tables and a page; never runs a model or a metric."""

from reports.rendering import render

__all__ = ["render"]
