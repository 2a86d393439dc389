"""What the smaller commands do, as functions from their arguments to what is printed; each loads only what it needs."""
