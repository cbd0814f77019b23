"""Audio metrics: mel-cepstral distortion, intelligibility, Frechet audio distance."""
