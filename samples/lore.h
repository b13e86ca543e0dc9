/* The smallest knowledge base that a host can plug in: the paragraphs of a text file, found by the
 * words that they share with the question. */
#ifndef LORE_H
#define LORE_H

#include <alviss/alviss.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Reads the file and fills the vtable in; `release` frees what was read. 0 if it can't be read. */
int lore_open(const char* path, alv_retriever* out_retriever);

#ifdef __cplusplus
}
#endif

#endif
