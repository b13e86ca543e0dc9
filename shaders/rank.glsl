// Order of tokens, best first: larger logit, then lower id. Reductions over one workgroup of LANES.
struct Best {
    uint key;  // of the logit, order-preserving
    uint id;
};

const uint kNoId = 0xffffffffu;

uint key_of(float value) {
    const uint bits = floatBitsToUint(value);
    return (bits & 0x80000000u) != 0 ? ~bits : bits | 0x80000000u;
}

float value_of(uint key) {
    return uintBitsToFloat((key & 0x80000000u) != 0 ? key & 0x7fffffffu : ~key);
}

bool before(Best a, Best b) { return a.key > b.key || (a.key == b.key && a.id < b.id); }

shared float float_lanes_[LANES];
shared uint key_lanes_[LANES];
shared uint id_lanes_[LANES];

float add_all(float mine) {
    float_lanes_[gl_LocalInvocationID.x] = mine;
    barrier();
    float sum = 0.0;
    for (uint i = 0; i < LANES; ++i) sum += float_lanes_[i];
    barrier();
    return sum;
}

Best best_of_all(Best mine) {
    key_lanes_[gl_LocalInvocationID.x] = mine.key;
    id_lanes_[gl_LocalInvocationID.x] = mine.id;
    barrier();
    Best best = mine;
    for (uint i = 0; i < LANES; ++i) {
        const Best it = Best(key_lanes_[i], id_lanes_[i]);
        if (before(it, best)) best = it;
    }
    barrier();
    return best;
}
