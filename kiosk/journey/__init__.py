"""The resident's way through the terminal: states, events, effects, and the pure machine between them."""
