// The bound of the kept tokens: those before or at (key, id) in the order of rank.glsl. Found by
// radix selection, 8 bits a pass, over integer histograms of counts or of probability mass, so that
// the order in which invocations add does not matter.
struct Bound {
    uint key;
    uint id;
};

const uint kBins = 256;
shared uint bins_[kBins];
shared uint chosen_;
shared uint passed_;

bool keeps(Bound bound, Best it) {
    return it.key > bound.key || (it.key == bound.key && it.id <= bound.id);
}

void clear_bins() {
    for (uint i = gl_LocalInvocationID.x; i < kBins; i += LANES) bins_[i] = 0;
    barrier();
}

// Finds the bin, counted from the best end, in which the running total reaches `need`; what the
// bins before it hold is added to `passed`.
uint choose_bin(uint need, inout uint passed) {
    barrier();
    if (gl_LocalInvocationID.x == 0) {
        uint total = passed;
        uint bin = kBins - 1;
        while (bin > 0 && total + bins_[bin] < need) total += bins_[bin--];
        chosen_ = bin;
        passed_ = total;
    }
    barrier();
    passed = passed_;
    return chosen_;
}

// Probability of a token as a share of 2^31, relative to `total`.
uint mass_of(float logit, float top, float inverse_temperature, float total) {
    return uint(exp((logit - top) * inverse_temperature) / total * 2147483648.0 + 0.5);
}

// Among tokens whose key equals `key`, the id of the `need`-th from below.
uint nth_id(uint key, uint need) {
    uint prefix = 0;
    uint passed = 0;
    for (uint shift = 24; shift < 32; shift -= 8) {
        clear_bins();
        for (uint i = gl_LocalInvocationID.x; i < p_.n_vocab; i += LANES) {
            const bool same = shift == 24 || i >> (shift + 8) == prefix;
            if (same && key_of(logit_of(i)) == key) atomicAdd(bins_[255 - (i >> shift & 255)], 1);
        }
        prefix = prefix << 8 | (255 - choose_bin(need, passed));
    }
    return prefix;
}

// The best `count` tokens.
Bound bound_by_count(uint count) {
    uint prefix = 0;
    uint passed = 0;
    for (uint shift = 24; shift < 32; shift -= 8) {
        clear_bins();
        for (uint i = gl_LocalInvocationID.x; i < p_.n_vocab; i += LANES) {
            const uint key = key_of(logit_of(i));
            if (shift == 24 || key >> (shift + 8) == prefix) atomicAdd(bins_[key >> shift & 255], 1);
        }
        prefix = prefix << 8 | choose_bin(count, passed);
    }
    return Bound(prefix, nth_id(prefix, count - passed));
}

// The fewest best tokens of those within `limit` whose probabilities reach `share` of theirs.
Bound bound_by_mass(float share, Bound limit, float top, float inverse_temperature) {
    float sum = 0.0;
    for (uint i = gl_LocalInvocationID.x; i < p_.n_vocab; i += LANES) {
        const float logit = logit_of(i);
        if (keeps(limit, Best(key_of(logit), i))) sum += exp((logit - top) * inverse_temperature);
    }
    const float total = add_all(sum);
    const uint need = max(uint(share * 2147483648.0), 1);
    uint prefix = 0;
    uint passed = 0;
    for (uint shift = 24; shift < 32; shift -= 8) {
        clear_bins();
        for (uint i = gl_LocalInvocationID.x; i < p_.n_vocab; i += LANES) {
            const float logit = logit_of(i);
            const uint key = key_of(logit);
            if (shift != 24 && key >> (shift + 8) != prefix) continue;
            if (!keeps(limit, Best(key, i))) continue;
            const uint mass = mass_of(logit, top, inverse_temperature, total);
            if (mass != 0) atomicAdd(bins_[key >> shift & 255], mass);
        }
        prefix = prefix << 8 | choose_bin(need, passed);
    }
    const uint each = max(mass_of(value_of(prefix), top, inverse_temperature, total), 1);
    const uint ties = (need - min(passed, need) + each - 1) / each;
    const Bound bound = Bound(prefix, nth_id(prefix, max(ties, 1)));
    return keeps(limit, Best(bound.key, bound.id)) ? bound : limit;
}
