"""The checked-out git repository: the only room that runs git."""
