"""Networks that turn sound into the vectors between whose sets a Frechet audio distance is taken."""
