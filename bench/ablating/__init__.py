"""The paper's ablation of the entangled latent space: every variant trained, narrated with, measured and judged."""
