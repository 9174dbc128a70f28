"""Card reading: profiles (what a card says) above slots (how a card is reached)."""
