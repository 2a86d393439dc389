"""What a team meets before its first run."""
