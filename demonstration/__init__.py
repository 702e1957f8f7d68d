"""What `demo.py` shows: its orders and their accidents, the checks, the screen."""
