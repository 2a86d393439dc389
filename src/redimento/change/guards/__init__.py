"""What a change must not contain."""
