"""Work items as Azure Boards serves them."""
