"""Measurements of the application as its users run it: `python -m bench`."""
