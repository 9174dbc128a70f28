"""The control desk of the simulated terminal: its own window, never in the production bundle."""
