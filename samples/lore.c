#include "lore.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_PARAGRAPHS = 1024, MAX_WORDS = 64, MAX_WORD = 32 };

typedef struct {
    char* text;
    size_t n;
    size_t begin[MAX_PARAGRAPHS];
    size_t size[MAX_PARAGRAPHS];
    char path[256];
} Lore;

typedef char Word[MAX_WORD];

/* 1. Words in small letters, as far as three letters are a word. */
static size_t words_of(const char* text, size_t size, Word* out) {
    size_t n = 0;
    size_t length = 0;
    size_t i;
    for (i = 0; i <= size && n < MAX_WORDS; ++i) {
        const int c = i < size ? (unsigned char)text[i] : ' ';
        if (isalnum(c) || c >= 0x80) {
            if (length + 1 < MAX_WORD) out[n][length++] = (char)tolower(c);
            continue;
        }
        out[n][length] = 0;
        if (length > 2) ++n;
        length = 0;
    }
    return n;
}

static int has_word(const char* text, size_t size, const char* word) {
    const size_t length = strlen(word);
    size_t i;
    size_t k;
    for (i = 0; i + length <= size; ++i) {
        for (k = 0; k < length && tolower((unsigned char)text[i + k]) == word[k]; ++k) {
        }
        if (k == length && (i == 0 || !isalnum((unsigned char)text[i - 1]))) return 1;
    }
    return 0;
}

/* 2. A word counts the more, the fewer paragraphs have it. */
static double score_of(const Lore* lore, size_t paragraph, Word* words, size_t n_words) {
    double score = 0;
    size_t i;
    size_t k;
    for (i = 0; i < n_words; ++i) {
        size_t n_with = 0;
        if (!has_word(lore->text + lore->begin[paragraph], lore->size[paragraph], words[i]))
            continue;
        for (k = 0; k < lore->n; ++k) {
            n_with += (size_t)has_word(lore->text + lore->begin[k], lore->size[k], words[i]);
        }
        score += 1.0 / (double)n_with;
    }
    return score;
}

/* 3. What the library calls: passages, best first, and the end. */
static alv_status retrieve(void* user_data, alv_retrieval* retrieval, const alv_query* query) {
    const Lore* lore = (const Lore*)user_data;
    Word words[MAX_WORDS + 1];
    double scores[MAX_PARAGRAPHS];
    const size_t n_words = words_of(query->text.data, query->text.size, words);
    uint32_t found;
    size_t i;
    for (i = 0; i < lore->n; ++i) scores[i] = score_of(lore, i, words, n_words);
    for (found = 0; found < query->k; ++found) {
        alv_passage passage = ALV_PASSAGE_INIT;
        char id[24];
        size_t best = 0;
        for (i = 1; i < lore->n; ++i) {
            if (scores[i] > scores[best]) best = i;
        }
        if (lore->n == 0 || scores[best] <= 0) break;
        snprintf(id, sizeof id, "%u", (unsigned)best + 1);
        passage.id = alv_str(id);
        passage.text.data = lore->text + lore->begin[best];
        passage.text.size = lore->size[best];
        passage.source = alv_str(lore->path);
        passage.score = scores[best];
        if (alv_retrieval_add(retrieval, &passage, NULL)) return ALV_STATUS_CORRUPT_FILE;
        scores[best] = 0;
    }
    return alv_retrieval_finish(retrieval, ALV_STATUS_OK, alv_str(""), NULL);
}

static void release(void* user_data) {
    Lore* lore = (Lore*)user_data;
    free(lore->text);
    free(lore);
}

/* 4. Paragraphs end at an empty line. */
static void split(Lore* lore, size_t size) {
    size_t i = 0;
    while (i < size && lore->n < MAX_PARAGRAPHS) {
        size_t end = i;
        while (end < size &&
               !(lore->text[end] == '\n' && (end + 1 == size || lore->text[end + 1] == '\n')))
            ++end;
        if (end > i) {
            lore->begin[lore->n] = i;
            lore->size[lore->n++] = end - i;
        }
        i = end + 1;
        while (i < size && lore->text[i] == '\n') ++i;
    }
}

int lore_open(const char* path, alv_retriever* out_retriever) {
    const alv_retriever none = ALV_RETRIEVER_INIT;
    FILE* file = fopen(path, "rb");
    Lore* lore = (Lore*)calloc(1, sizeof *lore);
    long size = -1;
    *out_retriever = none;
    if (file && lore && fseek(file, 0, SEEK_END) == 0) size = ftell(file);
    if (size >= 0 && fseek(file, 0, SEEK_SET) == 0) lore->text = (char*)malloc((size_t)size + 1);
    if (!lore || !lore->text || fread(lore->text, 1, (size_t)size, file) != (size_t)size) {
        if (file) fclose(file);
        if (lore) release(lore);
        return 0;
    }
    fclose(file);
    snprintf(lore->path, sizeof lore->path, "%s", path);
    split(lore, (size_t)size);
    out_retriever->user_data = lore;
    out_retriever->retrieve = retrieve;
    out_retriever->release = release;
    return 1;
}
