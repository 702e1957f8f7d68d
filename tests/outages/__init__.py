"""Outages: what every process does while its engine is away, refuses, or answers nonsense."""
