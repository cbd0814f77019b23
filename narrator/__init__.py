"""The bundled full generator: prompt text, one face image and a voice profile to speech and talking-face video."""
