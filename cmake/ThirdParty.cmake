# Libraries that the runtime links statically: alv_sentencepiece, alv_pcre2.
include(SentencePiece)
include(Pcre2)
