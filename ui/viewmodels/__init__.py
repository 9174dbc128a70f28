"""One thin view-model a screen: it turns the journey's state into words and values, and touches into events."""
