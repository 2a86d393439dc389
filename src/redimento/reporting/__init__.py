"""Events and what is made of them: console, summary, page, metrics."""
