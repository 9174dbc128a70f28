"""The terminal's application: what can happen to a resident, and the commands around it. No Qt in here."""
