"""Other ways to run the same sequential steps, each in a virtual environment of its own."""
