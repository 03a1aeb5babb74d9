"""Lamplighter: the tools that flash, configure, test and watch smart lampposts."""

__version__ = "0.1.0"
