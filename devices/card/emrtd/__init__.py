"""Reading travel documents (ICAO 9303-10 and -11): opening the chip, talking to it in secret, judging what it says."""
