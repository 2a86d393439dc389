"""The checked-out git repository; the only package that runs git."""
