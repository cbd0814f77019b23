"""Learning a small text vocabulary, for models that are trained afresh and need none of the released ones."""

from __future__ import annotations

from collections.abc import Iterable

from tokenizers import Tokenizer
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import Whitespace
from tokenizers.trainers import BpeTrainer

SPECIAL_TOKENS = ("[STOP]", "[UNK]", "[SPACE]", "[en]", "[START]")


def learn_vocabulary(sentences: Iterable[str], size: int) -> Tokenizer:
    """Learn a byte-pair vocabulary of `size` ids from cleaned sentences; the same sentences give the same vocabulary.

    The bundled `vocabulary.json` is this function's result for `vocabulary_sentences.txt` and 256 ids.
    """
    tokenizer = Tokenizer(BPE(unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    trainer = BpeTrainer(vocab_size=size, special_tokens=list(SPECIAL_TOKENS), show_progress=False)
    tokenizer.train_from_iterator(sentences, trainer)
    return tokenizer
