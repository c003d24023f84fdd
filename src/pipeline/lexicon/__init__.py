"""Word lists as data files, each with its source, and the look-ups over them."""
