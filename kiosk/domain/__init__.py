"""The hall's words as values: people, matters' answers, submissions, troubles. Imports nothing of the terminal."""
