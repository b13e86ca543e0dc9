"""Writes real_models_goldens.h: what gguf-py says of the models that the tests use.

    python3 real_models.py MODEL.gguf... > real_models_goldens.h      (needs gguf==0.19, numpy)
"""
import os
import sys

import numpy as np
from gguf import GGUFReader, dequantize

FNV_OFFSET, FNV_PRIME, MASK = 0xCBF29CE484222325, 0x100000001B3, (1 << 64) - 1


def fnv1a(data: bytes, value: int = FNV_OFFSET) -> int:
    for byte in data:
        value = ((value ^ byte) * FNV_PRIME) & MASK
    return value


def tensor_line(tensor) -> str:
    cols = int(tensor.shape[0])
    rows = tensor.n_elements // cols
    data = np.asarray(tensor.data).reshape(rows, -1)
    first = rows // 2
    part = data[first : first + min(8, rows)]
    part = dequantize(part, tensor.tensor_type).astype(np.float32)
    return (f'         {{"{tensor.name}", "{tensor.tensor_type.name}", {cols}, {rows}, '
            f"0x{fnv1a(part.tobytes()):016X}ULL}},")


def model_lines(path: str) -> list[str]:
    reader = GGUFReader(path)
    fields = {k: f for k, f in reader.fields.items() if not k.startswith("GGUF.")}
    field = fields["tokenizer.ggml.tokens"]
    tokens = b"".join(bytes(field.parts[i]) + b"\0" for i in field.data)
    arch = fields["general.architecture"]
    name = bytes(arch.parts[arch.data[0]]).decode()
    lines = [f'    {{"{os.path.basename(path)}", "{name}", {len(fields)}, {len(reader.tensors)}, '
             f"{len(field.data)}, 0x{fnv1a(tokens):016X}ULL,", "     {"]
    seen = set()
    for tensor in reader.tensors:
        if tensor.tensor_type not in seen:
            seen.add(tensor.tensor_type)
            lines.append(tensor_line(tensor))
    return lines + ["     }},"]


def main() -> None:
    print("""// Made by tests/gguf/real_models.py with gguf-py 0.19; do not edit.
#pragma once

#include <cstdint>
#include <vector>

namespace alv::gguf {

struct TensorGolden {
    const char* name;
    const char* type;
    uint64_t cols, rows;
    uint64_t rows_fnv1a;  // of eight dequantized rows from the middle (fewer where there are fewer)
};

struct ModelGolden {
    const char* file;
    const char* architecture;
    uint64_t n_entries, n_tensors, n_tokens;
    uint64_t tokens_fnv1a;  // of each token's bytes and a NUL
    std::vector<TensorGolden> tensors;
};

// clang-format off
inline const std::vector<ModelGolden> kModelGoldens{""")
    for path in sys.argv[1:]:
        print("\n".join(model_lines(path)))
    print("};\n// clang-format on\n\n}  // namespace alv::gguf")


if __name__ == "__main__":
    main()
