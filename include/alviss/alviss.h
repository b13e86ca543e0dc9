/* Alviss: language models inside a program, on any GPU with Vulkan.
 *
 *   alv_runtime     a device                     runtime.h, device.h, counters.h
 *   alv_model       a GGUF file on it            model.h, memory_plan.h, gguf.h, convert.h
 *   alv_session     a conversation               session.h
 *   alv_generation  a reply in flight            generation.h
 *   alv_embedder    texts to vectors             embedder.h
 *   alv_knowledge   documents, and their passages knowledge.h
 *   alv_retriever   the host's own knowledge     retriever.h, grounding.h
 *   alv_tools       what the model may call      tools.h
 *   alv_filter      what is let in and out       filter.h, prompt.h
 *
 * The words that the comments use are explained in export.h, the codes in status.h, threads and
 * callbacks in runtime.h. alviss.hpp has the same for C++; vulkan.h is for hosts that lend their
 * own device. Since 0.1 */
#ifndef ALVISS_ALVISS_H
#define ALVISS_ALVISS_H

#include "bytes.h"
#include "convert.h"
#include "counters.h"
#include "device.h"
#include "embedder.h"
#include "export.h"
#include "file.h"
#include "filter.h"
#include "generation.h"
#include "gguf.h"
#include "grounding.h"
#include "knowledge.h"
#include "log.h"
#include "memory_plan.h"
#include "model.h"
#include "prompt.h"
#include "retriever.h"
#include "runtime.h"
#include "session.h"
#include "status.h"
#include "string.h"
#include "tools.h"
#include "version.h"

#endif
