# Libraries that the runtime links statically: alv_sentencepiece, alv_pcre2, alv_sqlite, alv_usearch.
include(SentencePiece)
include(Pcre2)
include(Sqlite)
include(Usearch)
