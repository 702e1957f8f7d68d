"""One execution, as its history tells it: states, attempts, times, pictures, who did what."""
