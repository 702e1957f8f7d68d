"""The documents, and what writes the parts of them that code knows: `python -m docs.generate`."""
