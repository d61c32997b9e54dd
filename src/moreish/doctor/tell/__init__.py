"""How it is said: text, a page, pictures."""
