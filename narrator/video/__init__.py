"""The video half of the generator: one face picture and speech become frames of a talking face."""
