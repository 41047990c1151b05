"""Orders of several pictures: quoted, placed with one charge, handed to workers, ended."""
