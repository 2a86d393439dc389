"""Run the team's own commands and turn them into evidence."""
