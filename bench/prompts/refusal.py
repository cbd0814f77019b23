"""Why a clip gives no prompt."""


class NoPrompt(ValueError):
    """A clip from which no prompt can be made; the message is the reason."""
