"""Moving the face in a still image: a rig per part of the head, put together in `puppet.rig`."""
