"""Run the team's commands and turn the results into evidence."""
