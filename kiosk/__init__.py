"""The terminal's application: what can happen to a resident, and the commands around it. No Qt in here."""

__version__ = "0.1.0"
