"""The voice of the terminal: says short texts aloud, one at a time, and falls silent at once when told to."""
