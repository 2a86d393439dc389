"""What is made of events and of a run's end: console output, summary, page."""
