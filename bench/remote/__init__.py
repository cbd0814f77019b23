"""What lies on object storage or behind another address: datasets mirrored to a local disk, archives sent and got."""
