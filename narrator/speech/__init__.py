"""Speech: text to token ids, a voice profile to latents, both to a waveform."""
