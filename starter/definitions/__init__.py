"""The definitions on this machine: found, checked, compared, tried, published."""
