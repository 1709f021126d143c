"""The parts of protected downloads, each a construct of its own."""
