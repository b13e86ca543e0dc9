// Layouts that shaders and C++ share. Plain 32-bit members only, so that std430 and C++ agree.
#ifndef ALV_SHADERS_SHARED_H
#define ALV_SHADERS_SHARED_H

#ifdef __cplusplus
#include <cstdint>
namespace alv::shared {
using uint = uint32_t;
#define ALV_CONST constexpr uint
#else
#define ALV_CONST const uint
#endif

// A row tile of a repacked weight: 8 lanes of 4 rows; along k, blocks of 32 values.
ALV_CONST kTileRows = 32;
ALV_CONST kGroupLanes = 8;
ALV_CONST kBlockK = 32;
// Positions in one page of the kv cache.
ALV_CONST kPageTokens = 32;
// The rope table holds angles of 0 .. kRopeLow - 1, then of multiples of kRopeLow.
ALV_CONST kRopeLow = 64;
ALV_CONST kMaxPenalty = 1024;
ALV_CONST kMaxTop = 64;

// What changes from step to step. Written by the host before a program is submitted. A step has a
// row a sequence: one with several tokens, or several with one token each, which are then the
// tokens of the step in their order. (Or rows that are one sequence's next tokens, as if one at a
// time.)
struct Step {
    uint n_tokens;    // tokens of the step, all rows together; of row 0 only
    uint n_own;       // tokens of this row; 0: it is not in use
    uint position;    // of the first of them: the kv length before the step
    uint first_page;  // where the row's pages begin in the page table
    uint n_penalty;   // entries of the penalty list
    uint n_top;       // n best raw log-probabilities to report
    uint top_k;       // 0: off
    uint seed_low;
    uint seed_high;
    uint draw;             // position of the token to be drawn: the counter of the generator
    float temperature;     // 0: greedy
    float top_p;           // >= 1: off
    float min_p;           // 0: off
    float repeat_penalty;  // 1: off
    uint score_first;      // first token of this step that is scored
    uint n_score;          // tokens scored, <= 8
    uint masked;           // 1: only tokens of the mask are drawn
};

// What sampling answers for a row.
struct Drawn {
    uint token;
    float logprob;  // raw log-probability of `token`
    uint n_top;
    uint reserved;
    uint top[2 * kMaxTop];  // (token, log-probability bits), best first
};

// matmul: y[t] = (or +=) W x[t], with the RMS norm of its input folded in.
ALV_CONST kMatmulNorm = 1;    // multiply by 1 / rms(h[t]): x is h times the norm's gain
ALV_CONST kMatmulGated = 2;   // tiles alternate gate, up: y = act(gate) * up
ALV_CONST kMatmulAdd = 4;     // y += result, and xg = y * gain for the next norm
ALV_CONST kMatmulLast = 8;    // only the last token of the step, written to row 0 of y
ALV_CONST kMatmulGelu = 16;   // gated activation: tanh GELU instead of SiLU
ALV_CONST kMatmulQuads = 64;  // rows, offset and stride of y are multiples of 4
ALV_CONST kMatmulScore = 32;  // tokens score_first .., written to rows 0 .. of y
struct MatmulPush {
    uint k;         // columns of W, a multiple of 32
    uint n_rows;    // rows of this chunk that are stored (gated: pairs of rows)
    uint x_stride;  // elements from one token to the next
    uint y_stride;
    uint y_offset;  // first element of y that row 0 goes to
    uint flags;
    float epsilon;     // of the norm
    uint tiles;        // of rows (gated: pairs of them)
    uint tiles_each;   // taken by one workgroup
    uint first_token;  // of the step that is multiplied: row 0 of y
};

struct EmbedPush {
    uint dim;
    uint first_row;  // of the chunk
    uint n_rows;     // of the chunk
    float scale;
};

ALV_CONST kRopeHalves = 1;  // NeoX halves; else interleaved pairs
ALV_CONST kRopeQkNorm = 2;
struct RopePush {
    uint n_heads;
    uint n_kv_heads;
    uint head_dim;
    uint rope_dim;
    uint flags;
    float q_scale;  // attention scale, multiplied into q
    float epsilon;  // of the q and k norms
};

struct AttentionPush {
    uint n_heads;
    uint n_kv_heads;
    uint qkv_stride;  // elements from one token's q to the next
    uint window;      // 0: attends to all earlier positions
};

// rope and attention of one token a row. Rows that read what other rows of the step write take two
// dispatches: one that stores keys and values, one that attends.
ALV_CONST kStepStoreOnly = 4;
ALV_CONST kStepIsStored = 8;
struct AttentionStepPush {
    uint n_heads;
    uint n_kv_heads;
    uint window;
    uint flags;  // kRopeQkNorm, kStep...
    float q_scale;
    float epsilon;  // of the q and k norms
};

struct NormAddPush {
    uint dim;
    float epsilon;
};

struct GluPush {
    uint n;      // ffn size: gate is in [0, n), up in [n, 2 n)
    uint flags;  // kMatmulGelu
};

struct SamplePush {
    uint n_vocab;    // tokens that may be drawn
    uint n_logits;   // of a row of logits
    uint first_row;  // of the step, whose logits are row 0
};

// Encoders: where a token of a step stands. Several texts may follow each other in one step.
struct TokenPlace {
    uint position;  // in its text
    uint first;     // token of the step that its text begins with
    uint end;       // and the one after its last
    uint reserved;
};

ALV_CONST kBiasGelu = 1;  // GELU (by erf) of the sum
struct BiasPush {
    uint n;  // elements of a token
    uint flags;
};

ALV_CONST kLayerNormByPosition = 1;  // y has a row a position instead of one a token
struct LayerNormPush {
    uint dim;
    uint flags;
    float epsilon;
};

struct AttentionFullPush {
    uint n_heads;
    float scale;  // of q . k
};

struct PoolPush {
    uint dim;
};

#ifdef __cplusplus
}  // namespace alv::shared
#endif
#undef ALV_CONST
#endif
