"""Handing cases on to platforms that speak otherwise: what they want stands in a file, not in code (docs/adapters.md).

`file` is the file's shape, `values` makes their fields of our case, `signing` signs as they ask, `answers` reads what
they say, `receiver` sends.
"""
