"""What several tests share: made clips, damages, seeded networks, goldens of the reference packages."""
