"""A rolling upgrade and the way back, in real processes under load, and a checker."""
