"""The operations of SWF: each takes a `Work` and the checked members of its request."""
