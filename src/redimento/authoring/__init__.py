"""Ask the model for a change: prompt, answer format, conversation."""
