"""Work in the background: the drain that carries bulks, and the clock that takes care nothing is forgotten."""
