"""`district check URL`: whether a platform, whoever wrote it, does what a terminal relies on.

Each rule of the contract is a named check that asks the platform over the wire, as a terminal would, and as those
would who are none. Requests are written byte by byte and digests computed here, so that a check does not merely agree
with the code that it shares a house with. What it hands in is marked `test: true`.
"""
