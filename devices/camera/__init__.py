"""The camera: live frames, codes and papers found in them."""
