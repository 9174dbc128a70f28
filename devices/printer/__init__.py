"""The slip printer: pictures onto paper, and an honest word on how it ended."""
