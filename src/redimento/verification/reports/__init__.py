"""Reading the reports of test runners. `reading` is the door."""
