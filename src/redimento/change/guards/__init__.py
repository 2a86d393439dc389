"""What a change may not contain."""
