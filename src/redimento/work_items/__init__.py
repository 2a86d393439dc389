"""Work items, the board they live on, and the rules for admitting them."""
