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

// One invocation merges, in the order of the lanes, and all read what it found.
shared float float_lanes_[LANES];
shared uint key_lanes_[LANES];
shared uint id_lanes_[LANES];

float add_all(float mine) {
    float_lanes_[gl_LocalInvocationID.x] = mine;
    barrier();
    if (gl_LocalInvocationID.x == 0) {
        for (uint i = 1; i < LANES; ++i) mine += float_lanes_[i];
        float_lanes_[0] = mine;
    }
    barrier();
    mine = float_lanes_[0];
    barrier();
    return mine;
}

Best best_of_all(Best mine) {
    key_lanes_[gl_LocalInvocationID.x] = mine.key;
    id_lanes_[gl_LocalInvocationID.x] = mine.id;
    barrier();
    if (gl_LocalInvocationID.x == 0) {
        for (uint i = 1; i < LANES; ++i) {
            const Best it = Best(key_lanes_[i], id_lanes_[i]);
            if (before(it, mine)) mine = it;
        }
        key_lanes_[0] = mine.key;
        id_lanes_[0] = mine.id;
    }
    barrier();
    mine = Best(key_lanes_[0], id_lanes_[0]);
    barrier();
    return mine;
}
