"""What happened at the terminal, for those who must answer for it: allow-listed events, no personal data."""
