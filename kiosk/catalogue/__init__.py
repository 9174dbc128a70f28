"""Matters as data: what can be done at the terminal."""
