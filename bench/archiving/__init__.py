"""A run as one file: written so that equal runs give equal bytes, verified before anything in it is used."""
