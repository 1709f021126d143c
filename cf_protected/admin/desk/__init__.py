"""The support desk: a page about one person, and what staff do there for them."""
