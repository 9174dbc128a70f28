"""Readers with a licensed security module (SAM_V): frames, the ways they travel, and the slot made of both."""
